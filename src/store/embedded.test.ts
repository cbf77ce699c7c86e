import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as nodeCrc32 } from "node:zlib";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import { PowerLost, type SimulatedDisk, simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { localStoreCases } from "./case.ts";
import { checkStore } from "./check.ts";
import { crc32 } from "./checksum.ts";
import { ALL_KEYS, type Entry, type LocalStore, NoSpace, type Store, StoreClosed, withValue } from "./contract.ts";
import { type EmbeddedOptions, openEmbedded, restoreEmbedded } from "./embedded.ts";
import { FRAME_HEADER } from "./log.ts";
import type { File, Index } from "./ports.ts";

const optionsOf = (disk: SimulatedDisk, more: Partial<EmbeddedOptions> = {}): EmbeddedOptions => ({
  clock: virtualClock(),
  files: disk,
  openIndex: async path => simulatedIndex(disk, path),
  directory: "data",
  ...more,
});
const open = (disk: SimulatedDisk, more: Partial<EmbeddedOptions> = {}) => openEmbedded(optionsOf(disk, more));
const put = (store: Store, key: string, value: string) => store.txn([], [{ op: "put", key, value: utf8(value) }]);
/** The disk, each of whose files is what `change` makes of it. */
const withFiles = (disk: SimulatedDisk, change: (file: File) => File): SimulatedDisk => ({
  ...disk,
  open: async (path, create) => change(await disk.open(path, create)),
});
const LOG = "data/0000000000000001.log";
/** So small that flushes, new segments and cleaning come often. */
const SMALL = { flushEvents: 7, segmentBytes: 1000 };
const check = (disk: SimulatedDisk) => checkStore({ files: disk, directory: "data", checksum: crc32 });
/** Where the log's last frame ends; what lies behind is room. */
const endOf = async (disk: SimulatedDisk) => (await check(disk)).bytes;

// The second is so small that every case goes through the index.
for (const [name, small] of [
  ["embedded, all in its log", {}],
  ["embedded, moving on at every step", { flushEvents: 2, cacheBytes: 0, recentBytes: 0 }],
  ["embedded, cleaning at every step", { flushEvents: 2, segmentBytes: 100, cacheBytes: 2000, recentBytes: 500 }],
] as const) {
  const opened = (store: LocalStore) => ({ store, dispose: () => store.close() });
  localStoreCases(name, {
    open: async options => opened(await open(simulatedDisk(seededChance(1)), { ...small, ...options })),
    restore: async (options, stream) =>
      opened(await restoreEmbedded(optionsOf(simulatedDisk(seededChance(1)), { ...small, ...options }), stream)),
  });
}

async function all(store: Store): Promise<string> {
  return (await store.range("", ALL_KEYS)).entries.map(e => `${e.key}=${text(e.value)}@${e.modRevision}`).join(" ");
}

test("what was written is there after closing and opening, with leases, history and what was compacted", async () => {
  for (const flushEvents of [2, 1000]) {
    const disk = simulatedDisk(seededChance(2));
    const clock = virtualClock();
    let store = await open(disk, { flushEvents });
    const lease = await store.grant(10);
    await put(store, "a", "1");
    await store.txn([], [{ op: "put", key: "b", value: utf8("1"), lease: lease.id }]);
    for (let i = 0; i < 5; i++) await put(store, "a", `${i}`);
    await store.compact(4);
    const revoked = await store.grant(5);
    await store.revoke(revoked.id);
    await store.close();
    store = await open(disk, { flushEvents, clock });
    assert.equal(store.revision, 8);
    assert.equal(store.compacted, 4);
    assert.equal(await all(store), "a=4@8 b=1@3");
    assert.equal(text((await store.get("a", 6))!.value), "2");
    await assert.rejects(store.keepAlive(revoked.id));
    assert.ok((await store.grant(100)).id > revoked.id);
    await clock.advance(10_001);
    assert.equal(await all(store), "a=4@8");
    await store.close();
  }
});

test("the disk is told when writes come one after another, and not of those that may be many", async () => {
  const disk = simulatedDisk(seededChance(3));
  const told: boolean[] = [];
  const files = withFiles(disk, file => ({
    ...file,
    writeThrough(at, bytes, alone) {
      told.push(alone);
      return file.writeThrough(at, bytes, alone);
    },
  }));
  const store = await openEmbedded({ ...optionsOf(disk), files });
  for (let i = 0; i < 20; i++) await put(store, "a", String(i));
  assert.deepEqual([told[0], told.at(-1)], [false, true]);
  await Promise.all([put(store, "a", "x"), put(store, "b", "x")]);
  assert.equal(told.at(-1), false);
  await put(store, "a", "y");
  assert.equal(told.at(-1), false);
  await store.close();
});
test("watchers of the past share what is read of the log, wherever they begin", async () => {
  const disk = simulatedDisk(seededChance(3));
  let reads = 0;
  const files = withFiles(disk, file => ({
    ...file,
    read(at, length) {
      reads++;
      return file.read(at, length);
    },
  }));
  const store = await openEmbedded({ ...optionsOf(disk, { recentBytes: 0, cacheBytes: 0 }), files });
  // Some 4 MiB of log.
  const COUNT = 400;
  for (let i = 0; i < COUNT; i++) await put(store, `k${i % 7}`, `${i} ${"x".repeat(10_000)}`);
  const last = store.revision;
  const follow = async (after: number, previous: boolean, from: string, to: string) => {
    const seen: string[] = [];
    for await (const { events, revision } of store.watch(from, to, { after, previous })) {
      for (const { entry, previous: before } of events) {
        seen.push(`${entry.modRevision} ${text(entry.value).split(" ")[0]} ${before ? text(before.value).split(" ")[0] : "-"}`);
      }
      if (revision >= last) break;
    }
    return seen;
  };
  reads = 0;
  const first = last - COUNT;
  const afters = Array.from({ length: 20 }, (_, i) => first + 1 + i * 3);
  const all = await Promise.all(afters.map(after => follow(after, true, "k", "l")));
  // One each until the first boundary, and the rest together.
  assert.ok(reads < 3 * afters.length, `${reads} reads`);
  for (const [i, seen] of all.entries()) {
    const expected: string[] = [];
    for (let at = afters[i]! - first; at < COUNT; at++) expected.push(`${first + at + 1} ${at} ${at >= 7 ? at - 7 : "-"}`);
    assert.deepEqual(seen, expected);
  }
  // What is kept is not for all: neither other keys' events, nor what was replaced, when that is compacted by then.
  const mine = await follow(first + 1, false, "k3", "k3\0");
  assert.equal(mine.length, Math.floor((COUNT - 4) / 7) + 1);
  assert.ok(mine.every(seen => seen.endsWith(" -")));
  await store.close();
});
test("who follows the past piecewise, beginning anew each time, reads what others read; what an event replaced is read once for all", async () => {
  const disk = simulatedDisk(seededChance(3));
  let reads = 0;
  let now = 0;
  const files = withFiles(disk, file => ({
    ...file,
    read(at, length) {
      reads++;
      return file.read(at, length);
    },
    readNow(parts) {
      now += parts.length;
      return file.readNow(parts);
    },
  }));
  // Five pieces of log, of which the last is not kept: there may be more of it.
  const [COUNT, SIZE, UNTIL] = [220, 20_000, 190];
  for (const recentBytes of [0, 64 * 1024 * 1024]) {
    const store = await openEmbedded({
      ...optionsOf(disk, { recentBytes, cacheBytes: 0, checksum: nodeCrc32, directory: `data-${recentBytes}` }),
      files,
    });
    for (let i = 0; i < COUNT; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, j) => put(store, `k${(i + j) % 7}`, `${i + j} ${"x".repeat(SIZE)}`)));
    }
    reads = now = 0;
    const all = Array.from({ length: 20 }, (_, i) => ({ after: 1 + i, seen: 0 }));
    while (all.some(({ after }) => after < UNTIL)) {
      for (const one of all) {
        if (one.after >= UNTIL) continue;
        for await (const { events, revision } of store.watch("k", "l", { after: one.after, previous: true })) {
          for (const { entry, previous } of events) {
            const i = entry.modRevision - 2;
            assert.equal(previous && text(previous.value).split(" ")[0], i < 7 ? undefined : String(i - 7));
          }
          one.seen += events.length;
          one.after = revision;
          break;
        }
      }
    }
    for (const [i, { after, seen }] of all.entries()) assert.equal(seen, after - 1 - i);
    assert.ok(now <= COUNT, `${now} of ${COUNT} events were completed`);
    assert.ok(reads <= (2 * COUNT * SIZE) / (256 * 1024), `${reads} reads`);
    await store.close();
  }
});
test("a full disk: NoSpace to all that wait, nothing half there, and writable again when there is room", async () => {
  const disk = simulatedDisk(seededChance(3));
  const store = await open(disk);
  await put(store, "a", "1");
  disk.room = 20;
  // More than the room that was made ahead.
  const results = await Promise.allSettled([put(store, "a", "x".repeat(400_000)), put(store, "b", "2"), store.grant(5)]);
  assert.ok(results.every(r => r.status === "rejected" && r.reason instanceof NoSpace));
  assert.equal(await all(store), "a=1@2");
  assert.equal((await check(disk)).torn, undefined);
  disk.room = 1e9;
  await store.disarm();
  assert.equal((await put(store, "b", "3")).revision, 3);
  assert.equal((await store.grant(5)).id, 1n);
  await store.close();
  const again = await open(disk);
  assert.equal(await all(again), "a=1@2 b=3@3");
  await again.close();
});

test("an index without room keeps nothing from being written, and is caught up later", async () => {
  const disk = simulatedDisk(seededChance(3));
  const clock = virtualClock();
  let room = false;
  const openIndex = async (path: string) => {
    const index = simulatedIndex(disk, path);
    return {
      ...index,
      write: async (changes: Parameters<typeof index.write>[0]) => (room ? index.write(changes) : Promise.reject(new NoSpace())),
    };
  };
  const store = await open(disk, { clock, openIndex, flushEvents: 2 });
  for (let i = 0; i < 10; i++) await put(store, `k${i}`, "1");
  assert.equal((await store.range("k", "l")).count, 10);
  room = true;
  await clock.advance(2_000);
  for (let i = 0; i < 5; i++) await put(store, `k${i}`, "2");
  await clock.advance(0);
  assert.equal((await store.range("k", "l")).count, 10);
  assert.ok(disk.indexes.get("data/index")!.size > 0);
  await store.close();
});

test("writers that wait for an index far behind go on when it has failed", async () => {
  const disk = simulatedDisk(seededChance(3));
  const index = simulatedIndex(disk, "data/index");
  const failing = Promise.withResolvers<void>();
  let writes = 0;
  const openIndex = async (): Promise<Index> => ({
    ...index,
    write: fill => (writes++ === 0 ? failing.promise : index.write(fill)),
  });
  const store = await openEmbedded({ ...optionsOf(disk, { flushBytes: 100 }), openIndex });
  const value = "x".repeat(200);
  for (let i = 0; i < 3; i++) await put(store, `k${i}`, value);
  const waiting = put(store, "k3", value);
  for (let i = 0; i < 100; i++) await undefined;
  failing.reject(new Error("EIO: i/o error, write"));
  await waiting;
  await put(store, "k4", value);
  assert.equal((await store.range("k", "l")).count, 5);
  await store.close();
});
test("while many rows are put together for the index, others have their turn, and what they write stands", async () => {
  const disk = simulatedDisk(seededChance(6));
  let store: LocalStore | undefined;
  let turns = 0;
  const turn = async () => {
    const n = turns++;
    if (!store || n >= 3) return;
    await put(store, `k${n}`, "2");
    await store.txn([], [{ op: "delete", key: `k${n + 10}` }]);
    assert.equal((await store.range("k", "l")).count, 3000 - turns);
  };
  store = await openEmbedded({ ...optionsOf(disk, { flushEvents: 3000 }), turn });
  await Promise.all(Array.from({ length: 3000 }, (_, i) => put(store!, `k${i}`, "1")));
  for (let i = 0; i < 1000; i++) await undefined;
  assert.ok(turns >= 3);
  await store.close();
  store = await open(disk);
  for (const [key, value] of Object.entries({ k0: "2", k2: "2", k3: "1", k10: undefined, k12: undefined, k13: "1", k2999: "1" })) {
    const entry = await store.get(key);
    assert.equal(entry && text(entry.value), value);
  }
  assert.equal((await store.range("k", "l")).count, 2997);
  await store.close();
});

test("those who write much meanwhile do not put off what the index is to be told", async () => {
  const disk = simulatedDisk(seededChance(6));
  let store: LocalStore | undefined;
  let turns = 0;
  const many = (name: string, n: number) => Promise.all(Array.from({ length: n }, (_, i) => put(store!, `${name}${i}`, "1")));
  const turn = async () => {
    turns++;
    await many(`later${turns}-`, 600);
  };
  store = await openEmbedded({ ...optionsOf(disk, { flushEvents: 3000 }), turn });
  await many("k", 3000);
  for (let i = 0; i < 1000; i++) await undefined;
  assert.equal(turns, 2);
  await store.close();
});

test("after a failed sync nothing more is written, and what was acknowledged is there when it is opened again", async () => {
  const disk = simulatedDisk(seededChance(4));
  const store = await open(disk);
  await put(store, "a", "1");
  disk.failSync = true;
  await assert.rejects(put(store, "a", "2"), /input\/output error/);
  await assert.rejects(put(store, "a", "3"), StoreClosed);
  assert.equal(await all(store), "a=1@2");
  await store.close();
  const again = await open(disk);
  assert.match(await all(again), /^a=1@2$/);
  await put(again, "a", "4");
  await again.close();
});

test("a torn tail is cut off; damage before it is refused with the file and the offset", async () => {
  const disk = simulatedDisk(seededChance(5));
  let store = await open(disk);
  await put(store, "a", "1");
  // Behind the frame of the segment's head.
  const first = FRAME_HEADER + Buffer.from(disk.bytes(LOG)).readUInt32BE(4);
  const second = await endOf(disk);
  await put(store, "b", "2");
  await store.close();
  disk.corrupt(LOG, second + 20);
  const found = await check(disk);
  assert.deepEqual([found.frames, found.torn?.offset, found.findings], [2, second, []]);
  // What the index knows of was there once.
  await assert.rejects(open(disk), {
    message: `the store's log is damaged: ${LOG} at offset ${second}: a frame is unreadable, and its index has what was in it`,
  });
  disk.indexes.delete("data/index");
  store = await open(disk);
  assert.equal(await all(store), "a=1@2");
  await put(store, "b", "3");
  await store.close();
  disk.indexes.delete("data/index");
  disk.corrupt(LOG, 20);
  await assert.rejects(open(disk), {
    message: `the store's log is damaged: ${LOG} at offset 0: a frame is unreadable, and a whole one follows at offset ${first}`,
  });
  assert.match((await check(disk)).findings[0]!, /offset 0/);
  // The lock was given back: repaired, it opens.
  disk.corrupt(LOG, 20);
  store = await open(disk);
  assert.equal(await all(store), "a=1@2 b=3@3");
  await store.close();
});

test("a value that holds a copy of the log is not taken for a part of it", async () => {
  const disk = simulatedDisk(seededChance(6));
  let store = await open(disk);
  await put(store, "a", "1");
  await store.txn([], [{ op: "put", key: "copy", value: disk.bytes(LOG).slice(0, await endOf(disk)) }]);
  const size = await endOf(disk);
  await store.close();
  disk.indexes.delete("data/index");
  disk.corrupt(LOG, size - 1);
  store = await open(disk);
  assert.equal(await all(store), "a=1@2");
  await store.close();
});

test("a directory in use, and one from a newer version, are refused in one sentence", async () => {
  const disk = simulatedDisk(seededChance(7));
  const store = await open(disk);
  await assert.rejects(open(disk), { message: "the data directory data is in use by process 1" });
  await store.close();
  const file = await disk.open("data/format", false);
  for (const [text, problem] of [
    ["5", "the data directory data has format 5, from a newer version; this version reads up to 4"],
    ["3", "the data directory data has format 3, from before the first release; this version does not read it"],
    ["x", "data/format does not say which format the data directory has"],
  ] as const) {
    await file.write(0, utf8(`${text}\n`));
    await assert.rejects(open(disk), { message: problem });
    assert.deepEqual((await check(disk)).findings, [problem]);
  }
});

test("an index that is lost is made anew from the log, also when parts of that have been cleaned", async () => {
  const chance = seededChance(9);
  const next = (n: number) => Math.floor(chance.next() * n);
  const disk = simulatedDisk(chance);
  let store = await open(disk, SMALL);
  await store.grant(1000, 77n);
  await store.meta.set("name", utf8("value"));
  for (let i = 0; i < 300; i++) {
    if (next(4) > 0) await store.txn([], [{ op: "put", key: `k${next(20)}`, value: utf8(`${i}`), lease: next(3) ? 0n : 77n }]);
    else await store.txn([], [{ op: "delete", key: `k${next(20)}` }]);
    if (i % 60 === 50) {
      await store.compact(store.revision - 10);
      await store.defragment();
    }
  }
  assert.ok(!(await disk.list("data")).includes(LOG.slice(5)), "the first segment is gone");
  const look = async () => {
    const older: string[] = [];
    for (let revision = store.compacted; revision <= store.revision; revision++)
      older.push((await store.range("", ALL_KEYS, { revision })).entries.map(e => `${e.key}=${text(e.value)}@${e.modRevision}`).join(" "));
    const { keys } = await store.timeToLive(77n);
    return {
      older,
      keys,
      hash: await store.hash(),
      name: text(store.meta.get("name")!),
      count: (await store.range("", ALL_KEYS, { countOnly: true })).count,
    };
  };
  const before = await look();
  await store.close();
  assert.deepEqual((await check(disk)).findings, []);
  disk.indexes.delete("data/index");
  store = await open(disk, SMALL);
  assert.deepEqual(await look(), before);
  await put(store, "after", "1");
  await store.close();
  const report = await checkStore({ files: disk, directory: "data", checksum: crc32, openIndex: async path => simulatedIndex(disk, path) });
  assert.deepEqual([report.findings, report.keys], [[], before.count + 1]);
});

test("a check says what the log's end lacks of its index, and its revision where all events were compacted", async () => {
  const disk = simulatedDisk(seededChance(11));
  const store = await open(disk);
  await put(store, "a", "1");
  await store.txn([], [{ op: "delete", key: "a" }]);
  await store.compact(3);
  await store.defragment();
  await store.close();
  const full = () => checkStore({ files: disk, directory: "data", checksum: crc32, openIndex: async path => simulatedIndex(disk, path) });
  const { findings, revision, bytes } = await full();
  assert.deepEqual([findings, revision], [[], 3]);
  const last = (await disk.list("data")).filter(name => name.endsWith(".log")).at(-1)!;
  const file = await disk.open(`data/${last}`, false);
  const whole = await file.read(0, bytes);
  await file.truncate(bytes - 3);
  const cut = await full();
  assert.deepEqual([cut.findings.length, cut.torn], [1, undefined]);
  await assert.rejects(open(disk), /the log ends before what its index has of it/);
  await file.write(0, whole);
  disk.corrupt(`data/${last}`, bytes - 1);
  assert.match((await full()).findings[0]!, /a frame is unreadable, and its index has what was in it/);
  await disk.remove(`data/${last}`);
  assert.deepEqual((await full()).findings, [`the store's log is damaged: data/${last} at offset 0: the segment is missing`]);
});

test("what the log does not hold as the index says is told, by the check and by an alarm", async () => {
  const disk = simulatedDisk(seededChance(10));
  let store = await open(disk);
  await put(store, "first", "1");
  await put(store, "a", "1");
  const key = (await endOf(disk)) - 30;
  await put(store, "b", "x".repeat(300_000));
  await put(store, "c", "x".repeat(300_000));
  await put(store, "d", "1");
  await store.close();
  disk.corrupt(LOG, key);
  store = await open(disk);
  await assert.rejects(
    store.get("a"),
    /^Error: the store's log is damaged: segment 1 at offset \d+: it does not hold revision 3 of the key a$/,
  );
  assert.deepEqual(store.alarms(), ["corrupt"]);
  assert.equal(text((await store.get("d"))!.value), "1");
  await assert.rejects(store.range("a", "c"), /at offset \d+: it does not hold revision 3 of the key a$/);
  assert.equal((await store.range("d", "e")).count, 1);
  await store.close();
  store = await open(disk);
  assert.deepEqual(store.alarms(), ["corrupt"]);
  await store.disarm();
  await store.close();
  const { findings } = await check(disk);
  assert.deepEqual(findings.length, 1);
  assert.match(findings[0]!, /^the store's log is damaged: data\/0000000000000001.log at offset \d+: a frame is unreadable/);
});

test("entries that are not in memory are as they were written, wherever in the log they lie", async () => {
  const disk = simulatedDisk(seededChance(31));
  const below = (n: number) => Math.floor(disk.chance.next() * n);
  let store = await open(disk, { segmentBytes: 300_000 });
  await store.grant(60, 7n);
  const model = new Map<string, Entry>();
  for (let i = 0; i < 400; i++) {
    const key = `key-${below(120)}`;
    // From nothing to more than is read at once.
    const value = new Uint8Array(below(10) > 0 ? below(300) : below(100) > 0 ? below(5000) : 1_100_000).fill(i);
    const lease = below(5) === 0 ? 7n : 0n;
    const { revision } = await store.txn([], [{ op: "put", key, value, lease }]);
    const { createRevision, version } = model.get(key) ?? { createRevision: revision, version: 0 };
    model.set(key, { key, value, createRevision, modRevision: revision, version: version + 1, lease });
  }
  await store.close();
  const wanted = [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const plain = (entries: readonly Entry[]) => entries.map(entry => withValue(entry, entry.value));
  store = await open(disk);
  assert.deepEqual(plain((await store.range("", ALL_KEYS)).entries), wanted);
  await store.close();
  store = await open(disk);
  for (const entry of wanted.slice(0, 50)) assert.deepEqual(plain([(await store.get(entry.key))!]), [entry]);
  const { results } = await store.txn([], [{ op: "get", key: "", to: ALL_KEYS, keysOnly: true }]);
  const bare = wanted.map(entry => withValue(entry, new Uint8Array(0)));
  assert.deepEqual(results, [{ op: "get", entries: bare, count: bare.length }]);
  await store.close();
});

test("entries are what they were when they were read, also once others took their place and the log has given their room back", async () => {
  const disk = simulatedDisk(seededChance(34));
  const small = { segmentBytes: 20_000, cacheBytes: 10_000 };
  let store = await open(disk, small);
  await store.grant(60, 7n);
  for (let i = 100; i < 400; i++)
    await store.txn([], [{ op: "put", key: `key-${i}`, value: new Uint8Array(i).fill(i), lease: i % 9 ? 0n : 7n }]);
  await store.close();
  store = await open(disk, small);
  const { entries } = await store.range("key-", "key.");
  // Most of what they say is asked for the first time only later.
  const known = entries.map(({ key }) => key);
  const segments = await disk.list("data");
  for (let round = 0; round < 3; round++) {
    for (const key of known) await put(store, key, `${key} in round ${round}`);
    await store.compact(store.revision);
    await store.defragment();
  }
  await store.range("key-", "key.");
  assert.ok((await disk.list("data")).every(name => !name.endsWith(".log") || !segments.includes(name)));
  assert.deepEqual(
    entries.map(entry => withValue(entry, entry.value)),
    known.map((key, i) => {
      const value = new Uint8Array(i + 100).fill(i + 100);
      return { key, value, createRevision: i + 2, modRevision: i + 2, version: 1, lease: (i + 100) % 9 ? 0n : 7n };
    }),
  );
  await store.close();
});

test("a range that is read again is in memory from then on; what is read once, or is more than there is room for, takes nobody's place", async () => {
  const disk = simulatedDisk(seededChance(35));
  let store = await open(disk);
  const keys = Array.from({ length: 2000 }, (_, i) => `key-${1000 + i}`);
  await Promise.all(keys.map(key => put(store, key, key)));
  await store.close();
  let reads = 0;
  const files = withFiles(disk, file => ({
    ...file,
    readNow(parts) {
      reads++;
      return file.readNow(parts);
    },
  }));
  store = await openEmbedded({ ...optionsOf(disk, { cacheBytes: 250_000 }), files });
  const isRead = async (from: string, to: string, limit?: number) => {
    const before = reads;
    await store.range(from, to, { limit });
    return reads > before;
  };
  const [late, early] = [["key-2900", "key-2910"] as const, ["key-1100", "key-1200"] as const];
  assert.deepEqual([await isRead(...late), await isRead(...late), await isRead(...late)], [true, true, false]);
  for (let i = 0; i < 4; i++) {
    assert.equal(await isRead("key-", "key."), true);
    assert.equal(await isRead(...early, i === 0 ? 3 : 0), i < 2);
    assert.equal(await isRead(...late), false);
  }
  await store.close();
});

test("a range that is read in parts, as of one revision, is counted once, and right also while it changes", async () => {
  const disk = simulatedDisk(seededChance(33));
  let counted = 0;
  const openIndex = async (path: string): Promise<Index> => {
    const index = simulatedIndex(disk, path);
    const count: Index["count"] = (...range) => {
      counted++;
      return index.count(...range);
    };
    return { ...index, count };
  };
  const store = await open(disk, { openIndex, flushEvents: 10 });
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i + 10}`);
  for (const key of keys) await put(store, key, "1");
  const readAll = async (change: (part: number) => Promise<unknown>) => {
    const found: string[] = [];
    let revision = 0;
    for (let from = "key-", more = true, part = 0; more; part++) {
      const read = await store.range(from, "key.", { limit: 7, revision });
      assert.equal(read.count, keys.length - found.length);
      found.push(...read.entries.map(({ key }) => key));
      if (part === 0) revision = read.revision;
      more = read.more;
      from = `${found.at(-1)!}\0`;
      await change(part);
    }
    assert.deepEqual(found, keys);
  };
  await readAll(async () => {});
  // Of the keys, and of those that are deleted.
  assert.equal(counted, 2);
  await readAll(part => put(store, `key-9${part}-later`, "2"));
  assert.equal(counted, 2);
  assert.equal((await store.range("key-", "key.", { limit: 7 })).count, keys.length + 9);
  await store.close();
});

test("ranges are what was written, whether that lies in the index, in front of it or in memory", async () => {
  const disk = simulatedDisk(seededChance(32));
  const below = (n: number) => Math.floor(disk.chance.next() * n);
  const anyKey = () => Array.from({ length: 1 + below(11) }, () => "ab\xff"[below(3)]).join("");
  const small = { flushEvents: 40, cacheBytes: 100_000, segmentBytes: 20_000 };
  let store = await open(disk, small);
  const model = new Map<string, string>();
  for (let i = 0; i < 1500; i++) {
    const key = anyKey();
    if (below(4) === 0) {
      await store.txn([], [{ op: "delete", key }]);
      model.delete(key);
    } else {
      await put(store, key, `${i}`);
      model.set(key, `${i}`);
    }
    if (i % 500 === 499) {
      await store.close();
      store = await open(disk, small);
    }
    if (i % 10 > 0) continue;
    const [from, to] = below(3) > 0 ? ["", ALL_KEYS] : ([anyKey(), anyKey()].sort() as [string, string]);
    const wanted = [...model].filter(([key]) => key >= from && key < to).sort(([a], [b]) => (a < b ? -1 : 1));
    const limit = below(2) * below(50);
    // Once from the disk, then into memory, then from there.
    for (let times = 0; times < 3; times++) {
      const { entries, count } = await store.range(from, to, { limit });
      assert.deepEqual(
        entries.map(entry => [entry.key, text(entry.value)]),
        limit > 0 ? wanted.slice(0, limit) : wanted,
      );
      assert.equal(count, wanted.length);
    }
    const asked = wanted[below(wanted.length)]?.[0] ?? "a";
    assert.equal(text((await store.get(asked))?.value ?? utf8("")), model.get(asked) ?? "");
  }
  await store.close();
});

test("a transaction that cannot read what it needs leaves nothing of its writes to others", async () => {
  const disk = simulatedDisk(seededChance(12));
  let unreadable = false;
  const files = withFiles(disk, file => ({
    ...file,
    readNow(parts) {
      if (unreadable) throw new Error("input/output error");
      return file.readNow(parts);
    },
  }));
  let store = await open(disk);
  await put(store, "old", "1");
  await store.close();
  store = await open(disk, { files });
  unreadable = true;
  const half = store.txn(
    [],
    [
      { op: "put", key: "new", value: utf8("1") },
      { op: "get", key: "", to: ALL_KEYS },
    ],
  );
  const reader = store.txn([], [{ op: "get", key: "new" }]);
  await assert.rejects(half, /input\/output error/);
  const { results } = await reader;
  assert.equal(results[0]?.op === "get" && results[0].count, 0);
  unreadable = false;
  assert.equal((await put(store, "next", "1")).revision, 3);
  assert.equal(await all(store), "next=1@3 old=1@2");
  await store.close();
});

test("a start reads little of each segment, however large its first writes were", async () => {
  const disk = simulatedDisk(seededChance(13));
  let bytes = 0;
  const files = withFiles(disk, file => ({
    ...file,
    async read(at, length) {
      const found = await file.read(at, length);
      bytes += found.length;
      return found;
    },
  }));
  let store = await open(disk, { segmentBytes: 200_000 });
  for (let i = 0; i < 10; i++) await put(store, `k${i}`, "x".repeat(300_000));
  await put(store, "last", "1");
  await store.close();
  store = await open(disk, { files });
  assert.equal((await store.range("", ALL_KEYS, { countOnly: true })).count, 11);
  await store.close();
  assert.ok(bytes < 100_000, `${bytes} bytes`);
});

test("a full disk with a reserve: deletions and compaction go through, and make room", async () => {
  const disk = simulatedDisk(seededChance(11));
  const store = await open(disk, { segmentBytes: 300_000 });
  disk.room = 6_000_000;
  const value = utf8("x".repeat(100_000));
  let puts = 0;
  await assert.rejects(async () => {
    for (; puts < 100; puts++) await store.txn([], [{ op: "put", key: `k${String(puts).padStart(2, "0")}`, value }]);
  }, NoSpace);
  assert.ok(puts > 20, `${puts} puts`);
  assert.deepEqual(store.alarms(), ["nospace"]);
  assert.deepEqual((await store.txn([], [{ op: "delete", key: "k03", to: "l" }])).results, [{ op: "delete", deleted: puts - 3 }]);
  await assert.rejects(put(store, "a", "1"), NoSpace);
  await store.compact(store.revision);
  await store.defragment();
  assert.ok(store.size() < 600_000, `${store.size()} bytes`);
  await store.disarm();
  await put(store, "a", "1");
  assert.equal((await store.range("", ALL_KEYS)).count, 4);
  await store.close();
});

test("what is replayed after a crash is counted as it was, on top of what the index has", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const chance = seededChance(seed);
    const disk = simulatedDisk(seededChance(seed));
    const options = { flushEvents: 1000, segmentBytes: 400 };
    let store = await open(disk, options);
    const step = async () => {
      const key = `k${Math.floor(chance.next() * 8)}`;
      const what = chance.next();
      if (what < 0.3) await store.txn([], [{ op: "delete", key, to: what < 0.05 ? "l" : undefined }]);
      else if (what < 0.4) await store.compact(store.revision).catch(() => {});
      else if (what < 0.45 && seed % 2) {
        const { id } = await store.grant(1000);
        await store.txn([], [{ op: "put", key, value: utf8("leased"), lease: id }]);
        if (what < 0.42) await store.revoke(id);
      } else await put(store, key, "x".repeat(1 + Math.floor(chance.next() * 40)));
    };
    for (let i = 0; i < 30; i++) await step();
    // What the index has from here on is what it is told at this end.
    await store.close();
    store = await open(disk, options);
    for (let i = 0; i < 30; i++) await step();
    // Until compaction's own work is done.
    for (let calls = -1; calls !== disk.calls; ) {
      calls = disk.calls;
      for (let turn = 0; turn < 100; turn++) await undefined;
    }
    const seen = async () => ({
      entries: await all(store),
      count: (await store.range("", ALL_KEYS, { countOnly: true })).count,
      some: (await store.range("k2", "k6", { countOnly: true })).count,
      inUse: store.inUse(),
      attached: await Promise.all((await store.leases()).map(async id => (await store.timeToLive(id)).keys)),
    });
    const before = await seen();
    // The power goes before the end has told the index anything.
    disk.crashAt = disk.calls + 1;
    await store.close().catch(() => {});
    disk.restart();
    store = await open(disk, options);
    assert.deepEqual(await seen(), before, `seed ${seed}`);
    await store.close();
    const report = await checkStore({
      files: disk,
      directory: "data",
      checksum: crc32,
      openIndex: async path => simulatedIndex(disk, path),
    });
    assert.deepEqual([report.findings, report.keys], [[], before.count], `seed ${seed}`);
  }
});

/** Writers that keep counters: each knows the last value that was acknowledged, and the one that it asked for. */
async function workload(disk: SimulatedDisk, acknowledged: Map<string, number>, asked: Map<string, number>): Promise<void> {
  const store = await open(disk, SMALL);
  const writers = Array.from({ length: 3 }, async (_, w) => {
    for (let i = 1; i <= 20; i++) {
      asked.set(`w${w}`, i);
      // Both keys in one transaction: never one without the other.
      await store.txn(
        [],
        [`w${w}`, `w${w}/copy`].map(key => ({ op: "put", key, value: utf8(`${i}`) })),
      );
      acknowledged.set(`w${w}`, i);
    }
  });
  writers.push(
    (async () => {
      for (let i = 0; i < 3; i++) {
        await put(store, "x", "1");
        await store.compact(Math.max(1, store.revision - 2)).catch(error => {
          if (error instanceof PowerLost) throw error;
        });
        await store.defragment();
      }
    })(),
  );
  const results = await Promise.allSettled(writers);
  await store.close();
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

test("power lost at any call of the disk: what was acknowledged is there, and nothing is there by half", async () => {
  const whole = simulatedDisk(seededChance(1));
  await workload(whole, new Map(), new Map());
  assert.ok(whole.calls > 60, `${whole.calls} calls`);
  for (let seed = 1; seed <= 3; seed++) {
    for (let at = 1; at <= whole.calls; at++) {
      const disk = simulatedDisk(seededChance(seed * 1000 + at));
      const acknowledged = new Map<string, number>();
      const asked = new Map<string, number>();
      disk.crashAt = at;
      await workload(disk, acknowledged, asked).catch(error =>
        assert.ok(error instanceof PowerLost || error instanceof StoreClosed, `${error.stack}`),
      );
      disk.restart();
      const store = await open(disk, SMALL);
      for (let w = 0; w < 3; w++) {
        const [value, copy] = await Promise.all([store.get(`w${w}`), store.get(`w${w}/copy`)]);
        const n = value ? Number(text(value.value)) : 0;
        const where = `seed ${seed}, call ${at}, writer ${w}: ${n}`;
        assert.equal(copy?.modRevision, value?.modRevision, where);
        assert.equal(copy ? Number(text(copy.value)) : 0, n, where);
        assert.equal(value?.version ?? 0, n, where);
        assert.ok(n >= (acknowledged.get(`w${w}`) ?? 0) && n <= (asked.get(`w${w}`) ?? 0), where);
      }
      const { revision } = store;
      assert.equal((await put(store, "after", "1")).revision, revision + 1);
      // History since the compaction is whole.
      if (revision > store.compacted) {
        const iterator = store.watch("", ALL_KEYS, { after: Math.max(1, store.compacted) })[Symbol.asyncIterator]();
        for (let next = Math.max(1, store.compacted) + 1; next <= revision; ) {
          const { value } = await iterator.next();
          for (const event of value!.events) {
            assert.ok(event.entry.modRevision === next || event.entry.modRevision === next - 1);
            next = event.entry.modRevision + 1;
          }
        }
        await iterator.return?.();
      }
      await store.close();
    }
  }
});
