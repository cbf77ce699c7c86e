import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { virtualClock } from "#sim/clock.ts";
import { ALL_KEYS, Compacted, type Store } from "#store/contract.ts";
import { memoryStore } from "#store/memory.ts";
import { fenced } from "./fence.ts";
import { moveInto, NotEmpty } from "./move.ts";

const put = (store: Store, key: string, value: string, lease = 0n) => store.txn([], [{ op: "put", key, value: utf8(value), lease }]);
const all = async (store: Store) => (await store.range("", ALL_KEYS)).entries.map(e => `${e.key}=${text(e.value)}`);

test("moved: every key, with its lease, at revisions above all that were given; who watched lists anew", async () => {
  const clock = virtualClock();
  const [from, to] = [memoryStore({ clock }), memoryStore({ clock })];
  const lease = await from.grant(30);
  for (let i = 0; i < 700; i++) await put(from, `k${i % 250}`, `${i}`, i % 250 === 7 ? lease.id : 0n);
  await put(from, "large", "x".repeat(1_200_000));
  const before = from.revision;
  const moved = await moveInto({ from, to, progress: () => {} });
  assert.deepEqual(await all(to), await all(from));
  assert.equal(moved.keys, 251);
  assert.ok((await to.range("", ALL_KEYS)).entries.every(e => e.modRevision > before));
  await assert.rejects(async () => {
    for await (const _ of to.watch("", ALL_KEYS, { after: before })) break;
  }, Compacted);
  await clock.advance(31_000);
  assert.equal(await to.get("k7"), undefined);
  await assert.rejects(moveInto({ from, to, progress: () => {} }), NotEmpty);
});

test("behind a closed fence reads go on, writes are refused in a sentence, and what had begun ends first", async () => {
  const store = memoryStore({ clock: virtualClock() });
  const fence = fenced(store);
  const begun = put(fence.store, "a", "1");
  await fence.close("the store is being moved: it takes no writes until that is done");
  await begun;
  assert.equal(fence.store.revision, 2);
  await assert.rejects(put(fence.store, "a", "2"), /it takes no writes until that is done/);
  await assert.rejects(fence.store.grant(5), /takes no writes/);
  await assert.rejects(fence.store.compact(2), /takes no writes/);
  assert.equal((await fence.store.txn([], [{ op: "get", key: "a" }])).results.length, 1);
  assert.deepEqual(await all(fence.store), ["a=1"]);
  fence.open();
  assert.equal((await put(fence.store, "a", "2")).revision, 3);
});
