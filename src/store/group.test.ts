import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import { PowerLost, type SimulatedDisk, simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { checkStore } from "./check.ts";
import { crc32 } from "./checksum.ts";
import { ALL_KEYS, NoSpace, type Store, StoreClosed } from "./contract.ts";
import { type EmbeddedOptions, openEmbedded } from "./embedded.ts";

/** Writers at once: more than one group takes before it goes to the disk. */
const MANY = 200;
const open = (disk: SimulatedDisk, more: Partial<EmbeddedOptions> = {}) =>
  openEmbedded({ clock: virtualClock(), files: disk, openIndex: async path => simulatedIndex(disk, path), directory: "data", ...more });
const put = (store: Store, key: string, value = "1") => store.txn([], [{ op: "put", key, value: utf8(value) }]);
const turns = async () => {
  for (let i = 0; i < 100; i++) await undefined;
};
/** A disk whose writes of the log wait until they are let through, or fail. */
function gated(disk: SimulatedDisk, readable = () => true) {
  const waiting: PromiseWithResolvers<void>[] = [];
  let shut = false;
  const files: SimulatedDisk = {
    ...disk,
    async open(path, create) {
      const file = await disk.open(path, create);
      return {
        ...file,
        readNow(parts) {
          if (!readable()) throw new Error("input/output error");
          return file.readNow(parts);
        },
        async writeThrough(at, bytes, alone) {
          const gate = Promise.withResolvers<void>();
          if (shut) {
            waiting.push(gate);
            await gate.promise;
          }
          await file.writeThrough(at, bytes, alone);
        },
      };
    },
  };
  return {
    files,
    shut: () => {
      shut = true;
    },
    opened: () => {
      shut = false;
      for (const gate of waiting.splice(0)) gate.resolve();
    },
    waiting,
  };
}

test("a group goes to the disk while the next is put together behind it, and each is seen when it is there", async () => {
  const { files, shut, opened, waiting } = gated(simulatedDisk(seededChance(1)));
  const store = await open(files);
  await put(store, "first");
  shut();
  const answered: number[] = [];
  const all = Array.from({ length: MANY }, (_, i) =>
    put(store, `k${i}`).then(({ revision }) => {
      answered.push(i);
      return revision;
    }),
  );
  // The last sees those before it, which are in two groups, and its read of the past only what is durable.
  const last = store.txn(
    [{ key: "k0", target: "version", is: "=", than: 1 }],
    [
      { op: "put", key: "k0", value: utf8("2"), previous: true },
      { op: "get", key: "k", to: "l", countOnly: true },
      { op: "get", key: "", to: ALL_KEYS, revision: 2 },
    ],
  );
  await turns();
  assert.deepEqual([waiting.length, answered.length, store.revision], [1, 0, 2]);
  assert.equal((await store.range("", ALL_KEYS)).count, 1);
  waiting[0]!.resolve();
  while (waiting.length === 1) await turns();
  // The next is on its way before the first one's writers could come again; only the first is there.
  const first = answered.length;
  assert.ok(first >= 64 && first < MANY, `${first} answered`);
  assert.equal(store.revision, 2 + first);
  assert.equal((await store.range("k", "l")).count, first);
  assert.equal(text((await store.get("k0"))!.value), "1");
  opened();
  assert.deepEqual(
    await Promise.all(all),
    all.map((_, i) => 3 + i),
  );
  const { succeeded, results } = await last;
  assert.ok(succeeded);
  assert.deepEqual(
    results.map(result => (result.op === "get" ? result.count : result.op)),
    ["put", MANY, 1],
  );
  assert.equal((await store.get("k0"))!.version, 2);
  await store.close();
});

test("what was put together behind a group that fails is done anew, without it", async () => {
  const { files, shut, opened, waiting } = gated(simulatedDisk(seededChance(2)));
  const store = await open(files);
  await put(store, "a");
  shut();
  const group = Array.from({ length: MANY }, (_, i) => put(store, i === 0 ? "a" : `k${i}`, "2").catch(error => error));
  const lease = store.grant(10).catch(error => error);
  const behind = store.txn([{ key: "k1", target: "version", is: ">", than: 0 }], [{ op: "get", key: "a" }], [{ op: "get", key: "a" }]);
  await turns();
  assert.equal(waiting.length, 1);
  waiting[0]!.reject(new NoSpace());
  opened();
  for (const outcome of [...(await Promise.all(group)), await lease]) assert.ok(outcome instanceof NoSpace, `${outcome}`);
  const { succeeded, results, revision } = await behind;
  assert.deepEqual([succeeded, revision, store.revision], [false, 2, 2]);
  assert.equal(results[0]?.op === "get" && text(results[0].entries[0]!.value), "1");
  await store.disarm();
  assert.equal((await put(store, "b")).revision, 3);
  assert.equal((await store.grant(10)).id, 1n);
  assert.equal((await store.range("", ALL_KEYS)).count, 2);
  await store.close();
});

test("a transaction that cannot read what it needs takes its group with it, not those before and behind", async () => {
  const disk = simulatedDisk(seededChance(4));
  const before = await open(disk);
  await put(before, "old");
  await before.close();
  let readable = true;
  const { files, shut, opened } = gated(disk, () => readable);
  const store = await open(files);
  shut();
  readable = false;
  const outcome = (write: Promise<unknown>) =>
    write.then(
      () => "there",
      () => "refused",
    );
  const first = Array.from({ length: 100 }, (_, i) => outcome(put(store, `a${i}`)));
  const half = outcome(
    store.txn(
      [],
      [
        { op: "put", key: "half", value: utf8("1") },
        { op: "get", key: "", to: ALL_KEYS },
      ],
    ),
  );
  const behind = Array.from({ length: 100 }, (_, i) => outcome(put(store, `b${i}`)));
  await turns();
  opened();
  const outcomes = await Promise.all(first);
  const sent = outcomes.indexOf("refused");
  assert.ok(sent >= 64, `${sent}`);
  assert.ok(outcomes.slice(sent).every(one => one === "refused"));
  assert.equal(await half, "refused");
  assert.ok((await Promise.all(behind)).every(one => one === "there"));
  readable = true;
  assert.equal((await store.range("", ALL_KEYS)).count, 1 + sent + 100);
  assert.equal(store.revision, 2 + sent + 100);
  await store.close();
});

test("power lost at any call of the disk under many writers: what was acknowledged is there, in order, and nothing else comes after a gap", async () => {
  // Groups, segments and flushes follow each other closely.
  const small = { flushEvents: 150, segmentBytes: 12_000 };
  const ROUNDS = 4;
  const workload = async (disk: SimulatedDisk, acknowledged: Map<string, number>) => {
    const store = await open(disk, small);
    const results = await Promise.allSettled(
      Array.from({ length: MANY }, async (_, w) => {
        for (let round = 0; round < ROUNDS; round++) {
          const key = `w${w}/${round}`;
          const { revision } = await put(store, key);
          acknowledged.set(key, revision);
        }
      }),
    );
    await store.close();
    for (const result of results) if (result.status === "rejected") throw result.reason;
  };
  const whole = simulatedDisk(seededChance(3));
  const everything = new Map<string, number>();
  await workload(whole, everything);
  assert.deepEqual([everything.size, new Set(everything.values()).size], [MANY * ROUNDS, MANY * ROUNDS]);
  for (let at = 1; at <= whole.calls; at++) {
    const disk = simulatedDisk(seededChance(1000 + at));
    const acknowledged = new Map<string, number>();
    disk.crashAt = at;
    await workload(disk, acknowledged).catch(error =>
      assert.ok(error instanceof PowerLost || error instanceof StoreClosed, `call ${at}: ${error.stack}`),
    );
    disk.restart();
    const openIndex = async (path: string) => simulatedIndex(disk, path);
    const report = await checkStore({ files: disk, directory: "data", checksum: crc32, openIndex });
    assert.deepEqual(
      report.findings.filter(finding => !finding.startsWith("there is no store")),
      [],
      `call ${at}`,
    );
    const store = await open(disk, small);
    const { entries } = await store.range("", ALL_KEYS);
    const there = new Map(entries.map(({ key, modRevision }) => [key, modRevision]));
    for (const [key, revision] of acknowledged) assert.equal(there.get(key), revision, `call ${at}, ${key}`);
    assert.equal(store.revision, 1 + entries.length, `call ${at}`);
    await store.close();
  }
});
