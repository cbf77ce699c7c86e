import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { virtualClock } from "#sim/clock.ts";
import { ALL_KEYS, Compacted, type Store } from "#store/contract.ts";
import { memoryStore, restoreMemory } from "#store/memory.ts";
import { retainedOf } from "./contents.ts";
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
  const moved = await moveInto({ from, to, hold: async () => {}, progress: () => {} });
  assert.deepEqual(await all(to), await all(from));
  assert.equal(moved.keys, 251);
  assert.ok((await to.range("", ALL_KEYS)).entries.every(e => e.modRevision > before));
  await assert.rejects(async () => {
    for await (const _ of to.watch("", ALL_KEYS, { after: before })) break;
  }, Compacted);
  await clock.advance(31_000);
  assert.equal(await to.get("k7"), undefined);
  await assert.rejects(moveInto({ from, to, hold: async () => {}, progress: () => {} }), NotEmpty);
});

test("writes go on while it is moved, and are held off for the last few of them", async () => {
  const clock = virtualClock();
  const [from, to] = [memoryStore({ clock }), memoryStore({ clock })];
  for (let i = 0; i < 3000; i++) await put(from, `k${i}`, `${i}`);
  const short = await from.grant(5);
  await put(from, "leased", "1", short.id);
  let going = true;
  let written = 0;
  const writing = (async () => {
    for (; going; written++) {
      const key = `k${(written * 7) % 4000}`;
      if (written % 5 === 0) await from.txn([], [{ op: "delete", key }]);
      else await put(from, key, `again ${written}`, written % 11 === 0 ? short.id : 0n);
      // its owner keeps it alive while the copy of it runs out
      if (written % 100 === 0) {
        await clock.advance(3000);
        await from.keepAlive(short.id);
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  })();
  let before = 0;
  const hold = async () => {
    before = written;
    going = false;
    await writing;
  };
  const slowly = new Proxy(to, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "txn") return value.bind(target);
      return async (...args: Parameters<Store["txn"]>) => {
        await new Promise(resolve => setImmediate(resolve));
        return target.txn(...args);
      };
    },
  });
  await moveInto({ from, to: slowly, hold, progress: () => {} });
  assert.ok(before > 20, `${before} writes while it was copied`);
  assert.deepEqual(await all(to), await all(from));
  const ours = new Map((await to.range("", ALL_KEYS)).entries.map(e => [e.key, e]));
  for (const { key, modRevision, lease } of (await from.range("", ALL_KEYS)).entries) {
    assert.ok(ours.get(key)!.modRevision > modRevision, "no key's revision goes back");
    assert.equal(ours.get(key)!.lease, lease);
  }
  assert.ok(to.revision > from.revision);
});

test("read with its past while writes go on, which are held off for the last few of them", async () => {
  const clock = virtualClock();
  const from = memoryStore({ clock });
  for (let i = 0; i < 1000; i++) await put(from, `k${i % 300}`, `${i}`);
  await from.compact(500);
  const began = from.revision;
  let held = 0;
  const hold = async () => {
    held = from.revision;
    const lease = await from.grant(30);
    await put(from, "last", "1", lease.id);
  };
  async function* whileWritten() {
    for await (const part of retainedOf(from, hold)) {
      yield part;
      const { revision } = from;
      if (held === 0 && revision < 3000) {
        await put(from, `k${revision % 400}`, `again ${revision}`);
        if (revision % 5 === 0) await from.txn([], [{ op: "delete", key: `k${revision % 300}` }]);
      }
    }
  }
  const to = await restoreMemory({ clock }, whileWritten());
  assert.ok(held > began + 500, `${held - began} revisions while it was read`);
  assert.equal((await to.hash()).hash, (await from.hash()).hash);
  assert.deepEqual([to.revision, to.compacted], [from.revision, from.compacted]);
  assert.deepEqual(await all(to), await all(from));
  await clock.advance(31_000);
  assert.equal(await to.get("last"), undefined);
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
