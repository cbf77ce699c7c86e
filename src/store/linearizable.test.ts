import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import { drive, newRecord, type Record } from "./clients.ts";
import type { Store } from "./contract.ts";
import { violations } from "./linearizable.ts";
import { memoryStore } from "./memory.ts";

async function recorded(seed: number, spoil: (store: Store) => Store = store => store): Promise<Record> {
  const record = newRecord();
  const store = memoryStore({ clock: virtualClock() });
  await drive(spoil(store), record, {
    chance: seededChance(seed),
    clients: 5,
    operations: 60,
    size: 20,
    compact: (seen: number) => seen - 30,
    ttl: 60,
  });
  await store.close();
  return record;
}

test("a store that does one thing at a time is found linearizable", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const record = await recorded(seed);
    assert.deepEqual(violations(record), [], `seed ${seed}`);
    assert.ok(record.attempts.length > 200 && record.changes.length > 50 && record.watches.length > 0);
  }
});

test("what no such store can do is found", async () => {
  const good = await recorded(1);
  const found = (change: Partial<Record>) => violations({ ...good, ...change }).join("\n");
  // An acknowledged write is lost.
  const lost = good.changes.toSpliced(20, 1);
  assert.match(found({ changes: lost }), /after revision \d+ came a change of \d+/);
  // A write that nobody made.
  const last = good.changes.at(-1)!.revision + 1;
  const entry = { key: "q", value: utf8("?"), createRevision: last, modRevision: last, version: 1, lease: 0n };
  assert.match(
    found({ changes: [...good.changes, { revision: last, events: [{ type: "put", entry }] }] }),
    /nobody asked for revision \d+: put q/,
  );
  // A watch that misses an event, and one that has it twice.
  const at = good.watches.findIndex(w => w.events.length > 2);
  const watched = good.watches[at]!;
  for (const events of [watched.events.slice(1), [watched.events[0]!, ...watched.events]])
    assert.match(found({ watches: good.watches.with(at, { ...watched, events }) }), /a watch of .* was given/);
});

test("reads that are behind, and writes done twice, are found", async () => {
  const stale = await recorded(3, store => {
    const old: Awaited<ReturnType<Store["range"]>>[] = [];
    return wrapped(store, {
      async range(from, to, options) {
        if (options?.revision) return store.range(from, to, options);
        old.push(await store.range(from, to, options));
        // The same question's answer, from earlier.
        return old.length % 10 === 0
          ? store.range(from, to, { ...options, revision: Math.max(1, store.revision - 5) }).then(r => ({ ...r, revision: r.revision - 5 }))
          : old.at(-1)!;
      },
    });
  });
  assert.match(violations(stale).join("\n"), /was answered at \d+, asked for at \d+, when \d+ had been answered/);
  let n = 0;
  const twice = await recorded(4, store =>
    wrapped(store, {
      async txn(compare, then, otherwise) {
        if (++n % 20 === 0) await store.txn(compare, then, otherwise);
        return store.txn(compare, then, otherwise);
      },
    }),
  );
  assert.match(violations(twice).join("\n"), /nobody asked for revision/);
});

/** The store with some of its calls done otherwise. */
function wrapped(store: Store, other: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(name in other ? other : target, name) as unknown;
      return typeof value === "function" ? value.bind(name in other ? other : target) : value;
    },
  });
}
