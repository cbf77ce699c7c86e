import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { type Chance, seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import { simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { type Key, type LocalStore, prefixEnd, type Revision, SlowWatcher } from "#store/contract.ts";
import { openEmbedded } from "#store/embedded.ts";
import { memoryStore } from "#store/memory.ts";

const WATCHES = 10_000;
const WRITES = 200;
const GROUPS = 50;
/** Bytes kept for a slow reader. */
const BUFFER = 4096;

const stores: Readonly<Record<string, () => Promise<LocalStore>>> = {
  memory: async () => memoryStore({ clock: virtualClock(), watchBuffer: BUFFER }),
  embedded: async () => {
    const disk = simulatedDisk(seededChance(1));
    const openIndex = async (path: string) => simulatedIndex(disk, path);
    return openEmbedded({ clock: virtualClock(), files: disk, openIndex, directory: "data", flushEvents: 100, watchBuffer: BUFFER });
  },
};
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

/** Watches a group's keys and goes away and comes back by chance, each time after the last revision that it was vouched for. */
async function reader(store: LocalStore, prefix: Key, chance: Chance, until: () => Revision): Promise<Revision[]> {
  const seen: Revision[] = [];
  let after = 1;
  while (after < until()) {
    const watch = store.watch(prefix, prefixEnd(prefix), { after });
    watch.progress();
    let left = 1 + Math.floor(chance.next() * 20);
    try {
      for await (const { revision, events } of watch) {
        for (const { entry } of events) seen.push(entry.modRevision);
        after = revision;
        if (after >= until() || --left === 0) break;
        if (chance.next() < 0.1) await turn();
        watch.progress();
      }
    } catch (error) {
      // Cut off as too slow: it comes back like any other.
      assert.ok(error instanceof SlowWatcher, String(error));
    }
    await turn();
  }
  return seen;
}

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: 10,000 watches that come and go see each revision once and in order`, { timeout: 300_000 }, async () => {
    const store = await open();
    const chance = seededChance(7);
    const truth = new Map<string, Revision[]>();
    const last = 1 + WRITES;
    const readers = Array.from({ length: WATCHES }, (_, i) => ({
      group: `g${i % GROUPS}/`,
      seen: reader(store, `g${i % GROUPS}/`, chance, () => last),
    }));
    for (let i = 0; i < WRITES; i++) {
      const group = `g${Math.floor(chance.next() * GROUPS)}/`;
      const { revision } = await store.txn([], [{ op: "put", key: `${group}${i % 7}`, value: utf8(`${i}`) }]);
      truth.set(group, [...(truth.get(group) ?? []), revision]);
      if (i % 10 === 0) await turn();
    }
    for (const { group, seen } of readers) assert.deepEqual(await seen, truth.get(group) ?? [], group);
    await store.close();
  });

  test(`${name}: a reader that does not read is cut off, and costs no more than its buffer`, async () => {
    const store = await open();
    const watch = store.watch("a", "b");
    for (let i = 0; i < BUFFER; i++) await store.txn([], [{ op: "put", key: "a", value: utf8(`${i}`) }]);
    let events = 0;
    await assert.rejects(async () => {
      for await (const batch of watch) events += batch.events.length;
    }, SlowWatcher);
    assert.ok(events < BUFFER / 2, `${events} events of ${BUFFER} were kept`);
    await store.close();
  });
}
