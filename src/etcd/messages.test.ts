import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "#host/protobuf.ts";
import { encode } from "#host/protobufwriter.ts";
import { calls } from "./calls.ts";
import { Event, TxnRequest, TxnResponse, WatchRequest } from "./messages.ts";

test("a transaction within a transaction, and keys of any byte, come back as they went", () => {
  const put = { requestPut: { key: "a\0\xff", value: Uint8Array.of(1, 2) } };
  const inner = { compare: [{ result: 0, target: 2, key: "k", modRevision: 7, rangeEnd: "l" }], success: [put] };
  const read = decode(TxnRequest, encode(TxnRequest, { failure: [{ requestTxn: inner }, { requestRange: { key: "b" } }] }));
  const [first, second] = read.failure;
  assert.equal(first?.requestTxn?.success[0]?.requestPut?.key, "a\0\xff");
  assert.equal(first?.requestTxn?.compare[0]?.rangeEnd, "l");
  assert.equal(second?.requestRange?.key, "b");
  assert.equal(second?.requestTxn, undefined);
});
test("bytes of etcd's own are read", () => {
  // header{revision: 5}, succeeded, one answer to a put
  const answer = decode(TxnResponse, Uint8Array.of(0x0a, 2, 0x18, 5, 0x10, 1, 0x1a, 6, 0x12, 4, 0x0a, 2, 0x18, 5));
  assert.equal(answer.header?.revision, 5);
  assert.equal(answer.succeeded, true);
  assert.equal(answer.responses[0]?.responsePut?.header?.revision, 5);
  const event = decode(Event, Uint8Array.of(8, 1, 0x12, 5, 0x0a, 1, 0x61, 0x18, 9));
  assert.deepEqual([event.type, event.kv?.key, event.kv?.modRevision, event.prevKv], [1, "a", 9, undefined]);
  assert.equal(calls.txn.path, "/etcdserverpb.KV/Txn");
  assert.deepEqual([...encode(WatchRequest, { progressRequest: {} })], [0x1a, 0]);
});
