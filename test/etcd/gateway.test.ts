/** The HTTP view of `cox etcd`: a key put, read and watched with nothing but HTTP and JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { coxEtcd } from "../support/coxetcd.ts";

test("keys by HTTP, with changes as they come", { timeout: 60_000 }, async t => {
  const { endpoint } = await coxEtcd(t);
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${endpoint}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };
  const leave = new AbortController();
  const create = { create_request: { key: btoa("tree/"), range_end: btoa("tree0") } };
  const watch = await fetch(`${endpoint}/v3/watch`, { method: "POST", body: JSON.stringify(create), signal: leave.signal });
  let rest = "";
  const parts = watch.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const line = async () => {
    while (!rest.includes("\n")) rest += (await parts.next()).value;
    const end = rest.indexOf("\n");
    const first = rest.slice(0, end);
    rest = rest.slice(end + 1);
    return JSON.parse(first).result;
  };
  assert.equal((await line()).created, true);
  assert.equal((await post("kv/put", { key: btoa("tree/leaf"), value: btoa("green") })).status, 200);
  assert.equal(atob((await line()).events[0].kv.value), "green");
  assert.equal((await post("kv/deleterange", { key: btoa("tree/leaf") })).json.deleted, "1");
  assert.equal((await line()).events[0].type, "DELETE");
  leave.abort();
  assert.deepEqual(await post("kv/range", { key: btoa("tree/leaf"), revision: "99" }), {
    status: 400,
    json: { code: 11, message: "etcdserver: mvcc: required revision is a future revision" },
  });
  assert.equal((await fetch(`${endpoint}/nothing`)).status, 404);
});
