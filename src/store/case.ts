import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { type VirtualClock, virtualClock } from "#sim/clock.ts";
import {
  ALL_KEYS,
  type Batch,
  Compacted,
  type Entry,
  FutureRevision,
  InvalidTxn,
  KeyNotFound,
  keyOf,
  LeaseExists,
  type LeaseId,
  LeaseNotFound,
  type LocalStore,
  NoSpace,
  type Op,
  prefixEnd,
  type Retained,
  SlowWatcher,
  type Store,
  type StoreEvent,
  TooManyWatches,
  type Watch,
} from "./contract.ts";

export interface CaseOptions {
  readonly clock: Clock;
  readonly watchBuffer?: number;
  readonly watches?: number;
  readonly limit?: number;
}
/** A store under test; `dispose` closes it and leaves nothing behind. */
export interface Opened<S extends Store = Store> {
  readonly store: S;
  /** Lets time go by for a store that lives by the machine's; seconds then are not exact. */
  readonly pass?: (ms: number) => Promise<void>;
  dispose(): Promise<void>;
}
/** `open` gives a fresh, empty store at each call; `restore` one that is equal to the store that a stream comes from. */
export interface LocalOpener {
  open(options: CaseOptions): Promise<Opened<LocalStore>>;
  restore(options: CaseOptions, stream: AsyncIterable<Retained>): Promise<Opened<LocalStore>>;
  /** Cases that the engine does not pass yet. */
  readonly todo?: RegExp;
}

/** A lease as clients of etcd choose it: no number of JavaScript's. */
const HUGE = 0x694d_71dd_acfd_a227n;
const put = (key: string, value: string, lease?: LeaseId): Op => ({ op: "put", key, value: utf8(value), lease });
const del = (key: string, to?: string): Op => ({ op: "delete", key, to });
const write = (store: Store, ...ops: Op[]) => store.txn([], ops);
const show = (e: Entry | undefined) => e && `${e.key}=${text(e.value)} ${e.createRevision}/${e.modRevision}/${e.version}`;
const showAll = (entries: readonly Entry[]) => entries.map(show);
const showEvent = (e: StoreEvent) =>
  `${e.entry.modRevision} ${e.type} ${e.entry.key}=${text(e.entry.value)}${e.previous ? ` was ${text(e.previous.value)}` : ""}`;

/** The one suite that every store must pass. `open` gives a fresh, empty store at each call. */
export function storeCases(name: string, open: (options: CaseOptions) => Promise<Opened>): void {
  const check = (
    title: string,
    run: (store: Store, clock: VirtualClock, pass?: Opened["pass"]) => Promise<void>,
    more: { watchBuffer?: number } = {},
  ) =>
    test(`${name}: ${title}`, async () => {
      const clock = virtualClock();
      const { store, pass, dispose } = await open({ clock, ...more });
      try {
        await run(store, clock, pass);
      } finally {
        await dispose();
      }
    });

  check("a fresh store stands at 1 and counts up once a transaction", async store => {
    assert.equal(store.revision, 1);
    assert.equal((await write(store, put("a", "1"))).revision, 2);
    assert.equal((await write(store, put("b", "1"), put("c", "1"))).revision, 3);
    assert.equal(store.revision, 3);
    assert.deepEqual(showAll((await store.range("", ALL_KEYS)).entries), ["a=1 2/2/1", "b=1 3/3/1", "c=1 3/3/1"]);
  });

  check("a transaction without effect makes no revision", async store => {
    await write(store, put("a", "1"));
    const { results } = await write(store, del("x"), { op: "get", key: "a" });
    assert.deepEqual(results[0], { op: "delete", deleted: 0 });
    assert.equal(results[1]?.op === "get" && results[1].count, 1);
    assert.equal(store.revision, 2);
  });

  check("create, change, delete, create again: revisions and versions", async store => {
    await write(store, put("a", "1"));
    await write(store, put("a", "2"));
    assert.equal(show(await store.get("a")), "a=2 2/3/2");
    assert.deepEqual((await write(store, del("a"))).results, [{ op: "delete", deleted: 1 }]);
    assert.equal(await store.get("a"), undefined);
    await write(store, put("a", "3"));
    assert.equal(show(await store.get("a")), "a=3 5/5/1");
    assert.equal(show(await store.get("a", 2)), "a=1 2/2/1");
    assert.equal(show(await store.get("a", 3)), "a=2 2/3/2");
    assert.equal(await store.get("a", 4), undefined);
    assert.equal(await store.get("a", 1), undefined);
  });

  check("compares choose the branch", async store => {
    await write(store, put("a", "m"));
    await write(store, put("a", "m"));
    const holds = async (compare: Parameters<Store["txn"]>[0][number]) => (await store.txn([compare], [])).succeeded;
    const number = (target: "version" | "create" | "mod", is: "=" | "!=" | "<" | ">", than: number, key = "a") =>
      holds({ key, target, is, than });
    assert.equal(await number("version", "=", 2), true);
    assert.equal(await number("version", "!=", 2), false);
    assert.equal(await number("create", "=", 2), true);
    assert.equal(await number("mod", ">", 2), true);
    assert.equal(await number("mod", "<", 3), false);
    // A missing key counts as zeroes, but no comparison of its value holds.
    assert.equal(await number("mod", "=", 0, "none"), true);
    assert.equal(await number("version", "<", 1, "none"), true);
    const value = (is: "=" | "!=" | "<" | ">", than: string, key = "a") => holds({ key, target: "value", is, than: utf8(than) });
    assert.equal(await value("=", "m"), true);
    assert.equal(await value("<", "ma"), true);
    assert.equal(await value(">", "l"), true);
    assert.equal(await value("!=", "m"), false);
    assert.equal(await value("!=", "m", "none"), false);

    const result = await store.txn([{ key: "a", target: "mod", is: "=", than: 2 }], [put("a", "then")], [put("b", "else")]);
    assert.equal(result.succeeded, false);
    assert.deepEqual(showAll((await store.range("", ALL_KEYS)).entries), ["a=m 2/3/2", "b=else 4/4/1"]);
  });

  check("a compare of a range holds when it holds of every key, or of zeroes where there is none", async store => {
    await write(store, put("a", "1"));
    await write(store, put("b", "1"));
    await write(store, put("b", "1"));
    const holds = async (compare: Parameters<Store["txn"]>[0][number]) => (await store.txn([compare], [])).succeeded;
    assert.equal(await holds({ key: "a", to: "c", target: "version", is: ">", than: 0 }), true);
    assert.equal(await holds({ key: "a", to: "c", target: "version", is: "=", than: 1 }), false);
    assert.equal(await holds({ key: "a", to: "b", target: "version", is: "=", than: 1 }), true);
    assert.equal(await holds({ key: "", to: ALL_KEYS, target: "mod", is: "<", than: 5 }), true);
    assert.equal(await holds({ key: "x", to: "z", target: "version", is: "=", than: 0 }), true);
    assert.equal(await holds({ key: "x", to: "z", target: "version", is: ">", than: 0 }), false);
    assert.equal(await holds({ key: "a", to: "c", target: "value", is: "=", than: utf8("1") }), true);
    assert.equal(await holds({ key: "x", to: "z", target: "value", is: "!=", than: utf8("1") }), false);
  });

  check("a put may keep the key's value or lease", async store => {
    const lease = await store.grant(100);
    await write(store, put("a", "1", lease.id));
    await write(store, { op: "put", key: "a", value: utf8("2"), ignoreLease: true });
    assert.deepEqual([show(await store.get("a")), (await store.get("a"))!.lease], ["a=2 2/3/2", lease.id]);
    await write(store, { op: "put", key: "a", value: utf8(""), ignoreValue: true });
    assert.deepEqual([show(await store.get("a")), (await store.get("a"))!.lease], ["a=2 2/4/3", 0n]);
    await assert.rejects(write(store, { op: "put", key: "b", value: utf8(""), ignoreValue: true }), KeyNotFound);
    await assert.rejects(write(store, put("c", "1"), { op: "put", key: "b", value: utf8(""), ignoreLease: true }), {
      message: "etcdserver: key not found",
    });
    assert.equal(store.revision, 4);
    await store.revoke(lease.id);
    assert.equal(show(await store.get("a")), "a=2 2/4/3");
  });

  check("reads in a transaction: of the past, keys only, counts only", async store => {
    await write(store, put("a", "1"), put("b", "1"));
    await write(store, put("a", "2"));
    const { results } = await write(
      store,
      put("a", "3"),
      del("b"),
      { op: "get", key: "a", revision: 2 },
      { op: "get", key: "", to: ALL_KEYS, revision: 3 },
      { op: "get", key: "a", keysOnly: true },
      { op: "get", key: "", to: ALL_KEYS, countOnly: true },
      { op: "get", key: "", to: ALL_KEYS, countOnly: true, revision: 3 },
    );
    const seen = results.map(r => (r.op === "get" ? [showAll(r.entries), r.count] : []));
    assert.deepEqual(seen.slice(2), [
      [["a=1 2/2/1"], 1],
      [["a=2 2/3/2", "b=1 2/2/1"], 2],
      [["a= 2/4/3"], 1],
      [[], 1],
      [[], 2],
    ]);
    await store.compact(4);
    await assert.rejects(write(store, put("a", "4"), { op: "get", key: "a", revision: 3 }), Compacted);
    await assert.rejects(write(store, put("a", "4"), { op: "get", key: "a", revision: 5 }), FutureRevision);
    assert.equal(store.revision, 4);
  });

  check("transactions within a transaction choose by the state before it, and share its revision", async store => {
    await write(store, put("a", "1"));
    const inner = (key: string): Op => ({
      op: "txn",
      compare: [{ key, target: "version", is: "=", than: 0 }],
      success: [put(`${key}/new`, "1")],
      failure: [put(`${key}/old`, "1"), { op: "get", key }],
    });
    const result = await write(store, put("b", "1"), inner("a"), inner("b"), inner("c"), {
      op: "txn",
      compare: [],
      success: [inner("d"), del("a")],
    });
    assert.deepEqual(
      result.results.map(r => (r.op === "txn" ? r.succeeded : r.op)),
      ["put", false, true, true, true],
    );
    const [, first, , , last] = result.results;
    assert.ok(first?.op === "txn" && first.results[1]?.op === "get" && first.results[1].count === 1);
    assert.deepEqual(last?.op === "txn" && last.results.map(r => (r.op === "txn" ? r.succeeded : r)), [true, { op: "delete", deleted: 1 }]);
    assert.deepEqual(showAll((await store.range("", ALL_KEYS)).entries), [
      "a/old=1 3/3/1",
      "b=1 3/3/1",
      "b/new=1 3/3/1",
      "c/new=1 3/3/1",
      "d/new=1 3/3/1",
    ]);
    const twice = (...ops: Op[]): Op => ({ op: "txn", compare: [], success: ops });
    await assert.rejects(write(store, put("x", "1"), twice(put("x", "2"))), InvalidTxn);
    await assert.rejects(write(store, del("x"), twice(put("x", "2"))), InvalidTxn);
    await assert.rejects(write(store, twice(put("x", "2")), twice(put("x", "2"))), InvalidTxn);
    await assert.rejects(write(store, twice(put("", "2"))), InvalidTxn);
    // Only one of two branches is taken.
    await write(store, { op: "txn", compare: [], success: [put("x", "1")], failure: [put("x", "2")] });
    assert.equal(show(await store.get("x")), "x=1 4/4/1");
  });

  check("operations of one transaction see those before them", async store => {
    await write(store, put("a", "1"));
    const { results } = await write(
      store,
      { op: "put", key: "b", value: utf8("2"), previous: true },
      { op: "get", key: "", to: ALL_KEYS, limit: 1 },
      { op: "put", key: "a", value: utf8("3"), previous: true },
      { op: "get", key: "a" },
      { op: "delete", key: "c", to: "d", previous: true },
    );
    const [first, second, third, fourth, fifth] = results;
    assert.deepEqual(first, { op: "put" });
    assert.ok(second?.op === "get" && second.count === 2 && second.entries.length === 1);
    assert.ok(third?.op === "put" && show(third.previous) === "a=1 2/2/1");
    assert.ok(fourth?.op === "get" && show(fourth.entries[0]) === "a=3 2/3/2");
    assert.deepEqual(fifth, { op: "delete", deleted: 0, previous: [] });
  });

  check("of transactions started at once each sees those before it", async store => {
    const create = () => store.txn([{ key: "a", target: "version", is: "=", than: 0 }], [put("a", "1")]);
    const results = await Promise.all(Array.from({ length: 20 }, create));
    // Which of them comes first is the store's to say.
    assert.equal(results.filter(r => r.succeeded).length, 1);
    assert.equal(store.revision, 2);
    const both = await Promise.all([write(store, del("a")), write(store, del("a")), write(store, put("a", "2"))]);
    const deleted = both.reduce((n, { results: [r] }) => n + (r?.op === "delete" ? r.deleted : 0), 0);
    assert.equal(store.revision, 3 + deleted);
    const left = await store.get("a");
    assert.ok(left ? text(left.value) === "2" : deleted > 0);
  });

  check("of transactions started at once one that reads the past finds nothing of those before it", async store => {
    const { revision } = await write(store, put("a", "1"));
    const past = (key: string): Op => ({ op: "get", key, revision });
    const started = [write(store, put("a", "2"), put("new", "1")), write(store, put("a", "3"), past("a"), past("new"))];
    const { results } = (await Promise.all(started))[1]!;
    const found = results.flatMap(r => (r.op === "get" ? r.entries.map(e => `${e.key}=${text(e.value)}`) : []));
    assert.deepEqual(found, ["a=1"]);
  });
  check("what no store takes is refused whole", async store => {
    await assert.rejects(write(store, put("a", "1"), put("a", "2")), InvalidTxn);
    await assert.rejects(write(store, put("a", "1"), del("a", "b")), InvalidTxn);
    await assert.rejects(write(store, put("b", "1"), put("", "2")), InvalidTxn);
    await assert.rejects(write(store, put("b", "1"), put("k".repeat(5000), "2")), InvalidTxn);
    await assert.rejects(write(store, ...Array.from({ length: 129 }, (_, i) => put(`k${i}`, ""))), InvalidTxn);
    await assert.rejects(write(store, put("b", "1"), put("c", "1", 99n)), LeaseNotFound);
    assert.equal(store.revision, 1);
    assert.equal((await store.range("", ALL_KEYS)).count, 0);
    await write(store, put("a", "1"));
    await write(store, del("a"), del("a", "b"));
    assert.equal(store.revision, 3);
  });

  check("ranges: order, limit, count, more, keys only", async store => {
    for (const key of ["b", "a/2", "a", "a/1", "a0", "c"]) await write(store, put(key, key));
    const keys = async (from: string, to: string, limit?: number) => {
      const result = await store.range(from, to, { limit });
      return [result.entries.map(e => e.key).join(" "), result.count, result.more];
    };
    assert.deepEqual(await keys("", ALL_KEYS), ["a a/1 a/2 a0 b c", 6, false]);
    assert.deepEqual(await keys("a/", prefixEnd("a/")), ["a/1 a/2", 2, false]);
    assert.deepEqual(await keys("a", "b", 2), ["a a/1", 4, true]);
    assert.deepEqual(await keys("a", "b", 4), ["a a/1 a/2 a0", 4, false]);
    assert.deepEqual(await keys("x", ALL_KEYS), ["", 0, false]);
    assert.deepEqual(await keys("c", "a"), ["", 0, false]);
    assert.deepEqual(await keys("a", "a\0"), ["a", 1, false]);
    const { entries, count, more } = await store.range("a", "b", { countOnly: true });
    assert.deepEqual([entries, count, more], [[], 4, false]);
    const bare = await store.range("a", "b", { keysOnly: true });
    assert.deepEqual(showAll(bare.entries), ["a= 4/4/1", "a/1= 5/5/1", "a/2= 3/3/1", "a0= 6/6/1"]);
  });

  check("counts stay right while keys come and go", async store => {
    const counts = async () => {
      const all = await store.range("", ALL_KEYS, { limit: 1 });
      return [all.count, (await store.range("b", "d", { countOnly: true })).count, (await store.range("b", "d")).entries.length];
    };
    assert.deepEqual(await counts(), [0, 0, 0]);
    await write(store, put("a", "1"), put("b", "1"), put("c", "1"), put("d", "1"));
    assert.deepEqual(await counts(), [4, 2, 2]);
    await write(store, put("b", "2"), del("c"));
    assert.deepEqual(await counts(), [3, 1, 1]);
    await write(store, put("c", "2"));
    await write(store, del("a", "c"));
    assert.deepEqual(await counts(), [2, 1, 1]);
    await store.compact(store.revision);
    await write(store, put("b", "3"));
    assert.deepEqual(await counts(), [3, 2, 2]);
  });

  check("ranges of the past", async store => {
    await write(store, put("a", "1"), put("b", "1"), put("c", "1"));
    await write(store, put("b", "2"));
    await write(store, del("a", "b"));
    await write(store, put("a", "3"), put("d", "3"));
    const at = async (revision: number, limit?: number) => {
      const result = await store.range("", ALL_KEYS, { revision, limit });
      return [result.entries.map(e => `${e.key}${text(e.value)}`).join(" "), result.count, result.more, result.revision];
    };
    assert.deepEqual(await at(1), ["", 0, false, 5]);
    assert.deepEqual(await at(2), ["a1 b1 c1", 3, false, 5]);
    assert.deepEqual(await at(3), ["a1 b2 c1", 3, false, 5]);
    assert.deepEqual(await at(4), ["b2 c1", 2, false, 5]);
    assert.deepEqual(await at(4, 1), ["b2", 2, true, 5]);
    assert.deepEqual(await at(5), ["a3 b2 c1 d3", 4, false, 5]);
    assert.equal((await store.range("b", ALL_KEYS, { revision: 4, countOnly: true })).count, 2);
    await assert.rejects(at(6), FutureRevision);
    await assert.rejects(store.get("a", 6), FutureRevision);
  });

  check("keys order by their bytes, and any byte may stand in them", async store => {
    const texts = ["\u{10ffff}", "\uffff", "é", "z", "a\0b", "a", "a\0"];
    for (const t of texts) await write(store, put(keyOf(t), t));
    const { entries } = await store.range("", ALL_KEYS);
    assert.deepEqual(
      entries.map(e => text(e.value)),
      ["a", "a\0", "a\0b", "z", "é", "\uffff", "\u{10ffff}"],
    );
    assert.deepEqual(
      entries.map(e => e.key),
      texts.map(keyOf).sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal((await store.range("a", prefixEnd("a"))).count, 3);
    await write(store, put("\xff\xff", "last"));
    assert.equal((await store.range("\xff", prefixEnd("\xff"))).count, 1);
    await write(store, put("a", "new"), put("a\0", "new"));
    assert.equal(text((await store.get("a", 7))!.value), "a");
    assert.equal(text((await store.get("a\0", 8))!.value), "a\0");
  });

  check("values of any bytes and sizes come back as they were", async store => {
    const large = Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * 7) & 0xff);
    await write(store, { op: "put", key: "empty", value: new Uint8Array(0) }, { op: "put", key: "large", value: large });
    await write(store, put("large", "small"));
    assert.deepEqual([...(await store.get("empty"))!.value], []);
    assert.deepEqual((await store.get("large", 2))!.value.toHex(), large.toHex());
  });

  check("a scan holds one revision while writes go on", async store => {
    const key = (i: number) => `k${String(i).padStart(6, "0")}`;
    for (let i = 0; i < 3000; i += 100) await write(store, ...Array.from({ length: 100 }, (_, j) => put(key(i + j), "old")));
    const revision = store.revision;
    let seen = 0;
    for await (const batch of store.scan("k", "l")) {
      await write(store, put(key(seen), "new"), del(key(2999 - seen)), put(`k${seen}x`, "new"));
      for (const entry of batch) {
        assert.equal(entry.key, key(seen++));
        assert.equal(text(entry.value), "old");
      }
    }
    assert.equal(seen, 3000);
    seen = 0;
    for await (const batch of store.scan("k", "l", { revision, limit: 1500, keysOnly: true })) {
      seen += batch.length;
      assert.ok(batch.every(e => e.value.length === 0));
    }
    assert.equal(seen, 1500);
    await assert.rejects(async () => {
      for await (const _ of store.scan("k", "l", { revision: store.revision + 1 }));
    }, FutureRevision);
  });

  check("a watch sees all that comes after its start, in order, with what was replaced", async store => {
    await write(store, put("a", "0"));
    const watch = store.watch("a", "c", { previous: true });
    await write(store, put("a", "1"), put("b", "1"), put("c", "1"));
    await write(store, put("d", "2"));
    await write(store, del("a", "z"));
    assert.deepEqual(await collect(watch, 4), ["3 put a=1 was 0", "3 put b=1", "5 delete a= was 1", "5 delete b= was 1"]);
  });

  check("a watch may leave out puts or deletions", async store => {
    const puts = store.watch("a", "b", { deletes: false });
    const deletes = store.watch("a", "b", { puts: false });
    for (let i = 0; i < 2; i++) {
      await write(store, put("a", `${i}`));
      await write(store, del("a"));
    }
    await write(store, put("a", "2"));
    await write(store, del("a"));
    assert.deepEqual(await collect(puts, 3), ["2 put a=0", "4 put a=1", "6 put a=2"]);
    assert.deepEqual(await collect(deletes, 3), ["3 delete a=", "5 delete a=", "7 delete a="]);
    assert.deepEqual(await collect(store.watch("a", "b", { after: 2, puts: false }), 3), ["3 delete a=", "5 delete a=", "7 delete a="]);
    const none = store.watch("a", "b", { after: 6, puts: false, deletes: false });
    none.progress();
    assert.deepEqual((await none[Symbol.asyncIterator]().next()).value, { revision: 7, events: [] });
  });

  check("a watch from the past replays history, then goes on live without a gap", async store => {
    for (let i = 0; i < 5; i++) await write(store, put("a", `${i}`), put(`other${i}`, ""));
    const watch = store.watch("a", "b", { after: 3, previous: true });
    assert.deepEqual(await collect(watch, 3), ["4 put a=2 was 1", "5 put a=3 was 2", "6 put a=4 was 3"]);
    await write(store, del("a"));
    await write(store, put("a", "5"));
    assert.deepEqual(await collect(watch, 2), ["7 delete a= was 4", "8 put a=5"]);
    assert.deepEqual(await collect(store.watch("a", "a\0", { after: 6 }), 2), ["7 delete a=", "8 put a=5"]);
  });

  check("watches started at any moment, under writes, have no gap and no duplicate", async store => {
    const watches: { after: number; watch: Watch }[] = [];
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let i = 0; i < 40; i++) {
        await write(store, put(`k${w}`, `${i}`));
        if (i % 5 === w % 5)
          watches.push({ after: 1 + ((i * 7) % store.revision), watch: store.watch("k", "l", { after: 1 + ((i * 7) % store.revision) }) });
      }
    });
    await Promise.all(writers);
    for (const { after, watch } of watches) {
      const revisions = (await collectEvents(watch, store.revision - after)).map(e => e.entry.modRevision);
      assert.deepEqual(
        revisions,
        Array.from({ length: store.revision - after }, (_, i) => after + 1 + i),
      );
    }
  });

  check("batches hold whole revisions", async store => {
    const watch = store.watch("", ALL_KEYS, { after: 1 });
    await Promise.all(Array.from({ length: 30 }, (_, i) => write(store, put(`a${i}`, ""), put(`b${i}`, ""), put(`c${i}`, ""))));
    let last = 1;
    for await (const batch of watch) {
      assert.equal(batch.events.length % 3, 0);
      assert.ok(batch.revision >= batch.events.at(-1)!.entry.modRevision);
      for (const event of batch.events) {
        assert.ok(event.entry.modRevision === last || event.entry.modRevision === last + 1);
        last = event.entry.modRevision;
      }
      if (last === 31) break;
    }
  });

  check("progress marks come after all events before them", async store => {
    const watch = store.watch("a", "b");
    const iterator = watch[Symbol.asyncIterator]();
    const first = iterator.next();
    await write(store, put("x", "1"));
    watch.progress();
    assert.deepEqual(await first, { done: false, value: { revision: 2, events: [] } });
    await write(store, put("a", "1"));
    await write(store, put("x", "1"));
    watch.progress();
    const batch = (await iterator.next()).value as Batch;
    assert.deepEqual(batch.events.map(showEvent), ["3 put a=1"]);
    assert.ok(batch.revision >= 3);
    assert.deepEqual((await iterator.next()).value, { revision: 4, events: [] });
  });

  check("a watch of a revision to come waits for it", async store => {
    const watch = store.watch("a", "b", { after: 3 });
    for (let i = 0; i < 4; i++) await write(store, put("a", `${i}`));
    assert.deepEqual(await collect(watch, 2), ["4 put a=2", "5 put a=3"]);
  });

  check("a watch ends with its signal, with its iteration and with its store", async store => {
    const stop = new AbortController();
    const aborted = store.watch("a", "b", { signal: stop.signal })[Symbol.asyncIterator]();
    const waiting = aborted.next();
    stop.abort();
    assert.equal((await waiting).done, true);
    assert.equal((await aborted.next()).done, true);
    assert.equal((await store.watch("a", "b", { signal: stop.signal })[Symbol.asyncIterator]().next()).done, true);
    const left = store.watch("a", "b");
    await write(store, put("a", "1"), put("b", "1"));
    for await (const _ of left) break;
    assert.equal((await left[Symbol.asyncIterator]().next()).done, true);
    const open = store.watch("a", "b")[Symbol.asyncIterator]().next();
    await store.close();
    assert.equal((await open).done, true);
    await assert.rejects(store.get("a"));
    await assert.rejects(write(store, put("a", "1")));
  });

  check(
    "a watcher that does not read is cut off, and others are not",
    async store => {
      const slow = store.watch("a", "b");
      const quick = store.watch("a", "b");
      for (let i = 0; i < 200; i++) {
        await write(store, put("a", "x".repeat(1000)));
        assert.equal((await collectEvents(quick, 1)).length, 1);
      }
      await assert.rejects(collect(slow, 200), SlowWatcher);
      assert.equal((await slow[Symbol.asyncIterator]().next()).done, true);
      // Reading from where it stood goes on at the reader's own pace.
      assert.equal((await collect(store.watch("a", "b", { after: 1 }), 200)).length, 200);
    },
    { watchBuffer: 50_000 },
  );

  check("compaction: what goes, what stays, and the errors", async store => {
    await write(store, put("a", "1"), put("b", "1"), put("gone", "1"));
    await write(store, del("gone"));
    await write(store, put("a", "2"));
    await write(store, put("a", "3"));
    await write(store, put("c", "3"));
    await assert.rejects(store.compact(7), FutureRevision);
    const early = store.watch("", ALL_KEYS, { after: 1 });
    await store.compact(4);
    assert.equal(store.compacted, 4);
    assert.equal(store.revision, 6);
    await assert.rejects(store.compact(4), Compacted);
    await assert.rejects(store.compact(3), { name: "Error", message: "mvcc: required revision has been compacted" });
    await assert.rejects(store.get("a", 3), Compacted);
    await assert.rejects(store.range("a", "b", { revision: 3 }), Compacted);
    await assert.rejects(collect(early, 1), Compacted);
    await assert.rejects(collect(store.watch("", ALL_KEYS, { after: 2 }), 1), Compacted);
    const values = async (revision?: number) =>
      (await store.range("", ALL_KEYS, { revision })).entries.map(e => `${e.key}${text(e.value)}`).join(" ");
    assert.equal(await values(4), "a2 b1");
    assert.equal(await values(5), "a3 b1");
    assert.equal(await values(), "a3 b1 c3");
    assert.deepEqual(await collect(store.watch("", ALL_KEYS, { after: 3 }), 3), ["4 put a=2", "5 put a=3", "6 put c=3"]);
    assert.deepEqual(await collect(store.watch("", ALL_KEYS, { after: 4, previous: true }), 2), ["5 put a=3 was 2", "6 put c=3"]);
    await store.compact(6);
    assert.equal(await values(6), "a3 b1 c3");
    await write(store, put("gone", "2"));
    assert.equal(show(await store.get("gone")), "gone=2 7/7/1");
  });

  check("a scan whose revision is compacted away says so", async store => {
    for (let i = 0; i < 25; i++) await write(store, ...Array.from({ length: 100 }, (_, j) => put(`k${i}/${j}`, "")));
    const scan = store.scan("k", "l")[Symbol.asyncIterator]();
    assert.equal((await scan.next()).done, false);
    await write(store, put("k", "1"));
    await store.compact(store.revision);
    await assert.rejects(async () => {
      while (!(await scan.next()).done);
    }, Compacted);
  });

  check("compares of leases are exact", async store => {
    await store.grant(100, HUGE);
    await write(store, put("a", "1", HUGE), put("b", "1"));
    const holds = async (is: "=" | "<" | ">", than: LeaseId, key = "a") =>
      (await store.txn([{ key, target: "lease", is, than }], [])).succeeded;
    assert.deepEqual([await holds("=", HUGE), await holds("=", HUGE + 1n), await holds(">", HUGE - 1n)], [true, false, true]);
    assert.deepEqual([await holds("=", 0n, "b"), await holds("=", 0n, "none"), await holds("<", 0n)], [true, true, false]);
  });

  check("a lease's keys go in one revision when it runs out", async (store, clock) => {
    const lease = await store.grant(10);
    const other = await store.grant(60, HUGE);
    assert.deepEqual(other, { id: HUGE, ttl: 60 });
    await assert.rejects(store.grant(5, HUGE), LeaseExists);
    await write(store, put("a", "1", lease.id), put("b", "1", lease.id), put("c", "1", lease.id));
    await write(store, put("b", "2"), put("c", "2", other.id));
    assert.equal((await store.get("a"))!.lease, lease.id);
    assert.equal((await store.get("b"))!.lease, 0n);
    const watch = store.watch("", ALL_KEYS, { previous: true });
    await clock.advance(9_000);
    assert.deepEqual(await store.keepAlive(lease.id), { id: lease.id, ttl: 10 });
    await clock.advance(9_999);
    assert.equal((await store.range("", ALL_KEYS)).count, 3);
    const events = collect(watch, 1);
    await clock.advance(2);
    assert.deepEqual(await events, ["4 delete a= was 1"]);
    await assert.rejects(store.keepAlive(lease.id), LeaseNotFound);
    await assert.rejects(write(store, put("a", "1", lease.id)), LeaseNotFound);
    await store.revoke(other.id);
    assert.deepEqual(showAll((await store.range("", ALL_KEYS)).entries), ["b=2 2/3/2"]);
    await assert.rejects(store.revoke(other.id), LeaseNotFound);
    assert.equal(store.revision, 5);
    const third = await store.grant(1);
    assert.ok(![lease.id, other.id].includes(third.id));
    await store.revoke(third.id);
    assert.equal(store.revision, 5);
    assert.equal(clock.pending, 0);
  });

  check("leases: which there are, how long each has, and what hangs on it", async (store, clock, pass) => {
    const lease = await store.grant(10, HUGE);
    await store.grant(60, HUGE - 1n);
    await write(store, put("b", "1", HUGE), put("a", "1", HUGE), put("c", "1", HUGE - 1n));
    assert.deepEqual(await store.leases(), [HUGE - 1n, HUGE]);
    await (pass ?? clock.advance)(3_500);
    const { remaining, ...state } = await store.timeToLive(lease.id);
    assert.deepEqual(state, { id: HUGE, ttl: 10, keys: ["a", "b"] });
    assert.ok(pass ? remaining <= 6 : remaining === 6);
    await store.keepAlive(HUGE);
    const anew = (await store.timeToLive(HUGE)).remaining;
    assert.ok(pass ? anew > remaining : anew === 10);
    await write(store, put("a", "2"));
    assert.deepEqual((await store.timeToLive(HUGE)).keys, ["b"]);
    await store.revoke(HUGE);
    await assert.rejects(store.timeToLive(HUGE), LeaseNotFound);
    assert.deepEqual(await store.leases(), [HUGE - 1n]);
  });

  check("a random history reads the same as a plain model of it, at every revision", async store => {
    const chance = seededChance(7);
    const next = (n: number) => Math.floor(chance.next() * n);
    const states: Map<string, string>[] = [new Map(), new Map()];
    const key = () => `k${next(12)}`;
    for (let i = 0; i < 150; i++) {
      const state = new Map(states.at(-1));
      const ops: Op[] = [];
      if (next(3) > 0) {
        for (const k of new Set([key(), key()])) {
          ops.push(put(k, `${i}`));
          state.set(k, `${i}`);
        }
      } else {
        const [from, to] = [key(), key()].sort() as [string, string];
        ops.push(del(from, to));
        for (const k of state.keys()) if (k >= from && k < to) state.delete(k);
      }
      const before = store.revision;
      if ((await write(store, ...ops)).revision > before) states.push(state);
      if (i === 100) await store.compact(30);
    }
    assert.equal(states.length - 1, store.revision);
    for (let revision = 30; revision <= store.revision; revision++) {
      const { entries } = await store.range("", ALL_KEYS, { revision });
      const expected = [...states[revision]!].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`);
      assert.deepEqual(
        entries.map(e => `${e.key}=${text(e.value)}`),
        expected,
        `at ${revision}`,
      );
    }
    // The watch's events, applied to the state they start from, give the newest one.
    const replayed = new Map(states[30]);
    let revision = 30;
    for await (const batch of store.watch("", ALL_KEYS, { after: 30 })) {
      for (const { type, entry } of batch.events) {
        if (type === "put") replayed.set(entry.key, text(entry.value));
        else assert.ok(replayed.delete(entry.key));
      }
      revision = batch.revision;
      if (revision === store.revision) break;
    }
    assert.deepEqual([...replayed].sort(), [...states.at(-1)!].sort());
  });
}

/** Beside storeCases, what a store must pass whose files or memory are the process's own. */
export function localStoreCases(name: string, opener: LocalOpener): void {
  storeCases(name, opener.open);
  const check = (title: string, run: (store: LocalStore, clock: VirtualClock) => Promise<void>, more: Partial<CaseOptions> = {}) =>
    test(`${name}: ${title}`, { todo: opener.todo?.test(title) }, async () => {
      const clock = virtualClock();
      const { store, dispose } = await opener.open({ clock, ...more });
      try {
        await run(store, clock);
      } finally {
        await dispose();
      }
    });
  /** Replaced and deleted keys, a lease, compactions and a named value. */
  const history = async (store: LocalStore) => {
    await store.grant(100, HUGE);
    await store.revoke((await store.grant(100)).id);
    for (let i = 0; i < 30; i++) await write(store, put(`k${i % 7}`, `${i}`, i % 3 ? 0n : HUGE), put(`n${i}`, ""));
    await write(store, del("n2", "n28"));
    await store.compact(12);
    await write(store, put("k1", "last"), put("n5", "again"));
    await store.meta.set("users", utf8("root"));
  };

  // Not of a real etcd: those before 3.4.34, 3.5.16 and 3.6 forget it (etcd's issue 18089).
  check("a deletion at the very revision of a compaction is still told", async store => {
    await write(store, put("gone", "1"));
    await write(store, del("gone"));
    await write(store, put("a", "1"));
    await store.compact(3);
    assert.deepEqual(await collect(store.watch("", ALL_KEYS, { after: 2 }), 2), ["3 delete gone=", "4 put a=1"]);
  });

  check("equal histories have one hash, at every revision; others have others", async store => {
    await history(store);
    const { revision, compacted, hash } = await store.hash();
    assert.deepEqual([revision, compacted], [store.revision, 12]);
    assert.equal((await store.hash(revision)).hash, hash);
    const other = await opener.open({ clock: virtualClock() });
    try {
      await history(other.store);
      assert.equal((await other.store.hash()).hash, hash);
      assert.equal((await other.store.hash(20)).hash, (await store.hash(20)).hash);
      assert.notEqual((await other.store.hash(20)).hash, hash);
      await write(other.store, put("k1", "other"));
      assert.notEqual((await other.store.hash()).hash, hash);
      assert.equal((await other.store.hash(revision)).hash, hash);
    } finally {
      await other.dispose();
    }
    await assert.rejects(store.hash(11), Compacted);
    await assert.rejects(store.hash(revision + 1), FutureRevision);
  });

  check("what is retained is of one moment, and makes an equal store", async (store, clock) => {
    await history(store);
    const before = await store.hash();
    const events = await collect(store.watch("", ALL_KEYS, { after: 12 }), 20);
    const stream = store.retained();
    await write(store, put("later", "1"));
    await store.compact(store.revision);
    await store.defragment();
    const { store: copy, dispose } = await opener.restore({ clock }, stream);
    try {
      assert.deepEqual(await copy.hash(), before);
      assert.deepEqual([copy.revision, copy.compacted], [before.revision, before.compacted]);
      assert.deepEqual(await copy.leases(), [HUGE]);
      assert.deepEqual((await copy.timeToLive(HUGE)).keys, (await store.timeToLive(HUGE)).keys);
      assert.equal(text(copy.meta.get("users")!), "root");
      // What comes in one batch is the store's own choice.
      const copied = await collect(copy.watch("", ALL_KEYS, { after: 12 }), 20);
      assert.deepEqual(copied.slice(0, events.length), events);
      await assert.rejects(collect(copy.watch("", ALL_KEYS, { after: 11 }), 1), Compacted);
      assert.equal((await write(copy, put("after", "1"))).revision, before.revision + 1);
      assert.equal((await copy.grant(10)).id, (await store.grant(10)).id);
    } finally {
      await dispose();
    }
  });

  check("named values outside the revisions", async store => {
    const { revision } = store;
    assert.equal(store.meta.get("a"), undefined);
    await store.meta.set("a", utf8("1"));
    await store.meta.set("b", utf8("2"));
    await store.meta.set("a", utf8("3"));
    await store.meta.set("b", undefined);
    assert.equal(text(store.meta.get("a")!), "3");
    assert.equal(store.meta.get("b"), undefined);
    await store.meta.set("ab/c", utf8("4"));
    await store.meta.set("ab/a", utf8("5"));
    assert.deepEqual(store.meta.names("ab/"), ["ab/a", "ab/c"]);
    assert.deepEqual(store.meta.names("b"), []);
    assert.equal(store.revision, revision);
    assert.equal((await store.range("", ALL_KEYS)).count, 0);
  });

  check(
    "above its limit a store takes nothing more, but deletions and compaction, until there is room and the alarm is ended",
    async store => {
      assert.deepEqual(store.alarms(), []);
      const kept = await store.grant(100);
      let puts = 0;
      await assert.rejects(
        async () => {
          for (; puts < 100; puts++) await write(store, put(`k${String(puts).padStart(3, "0")}`, "x".repeat(100_000)));
        },
        (error: Error) => error instanceof NoSpace && error.message === "mvcc: database space exceeded",
      );
      assert.ok(puts >= 5 && puts < 50, `${puts}`);
      assert.deepEqual(store.alarms(), ["nospace"]);
      await assert.rejects(store.txn([{ key: "none", target: "version", is: "=", than: 1 }], [put("a", "1")]), NoSpace);
      await assert.rejects(store.grant(5), NoSpace);
      assert.equal((await store.range("", ALL_KEYS)).count, puts);
      await store.keepAlive(kept.id);
      await store.revoke(kept.id);
      assert.deepEqual((await write(store, del("k002", ALL_KEYS))).results, [{ op: "delete", deleted: puts - 2 }]);
      // Until its alarm is ended it takes nothing, and an alarm that is ended without room comes back.
      await assert.rejects(write(store, put("a", "1")), NoSpace);
      await store.disarm();
      await assert.rejects(write(store, put("a", "1")), NoSpace);
      assert.deepEqual(store.alarms(), ["nospace"]);
      const before = store.inUse();
      await store.compact(store.revision);
      await store.defragment();
      assert.ok(store.inUse() < before, `${before} bytes in use, then ${store.inUse()}`);
      assert.ok(store.size() < 1_500_000, `${store.size()} bytes`);
      await store.disarm();
      assert.deepEqual(store.alarms(), []);
      await write(store, put("a", "1"));
      assert.deepEqual(
        (await store.range("", ALL_KEYS)).entries.map(e => e.key),
        ["a", "k000", "k001"],
      );
    },
    { limit: 1_500_000 },
  );

  check(
    "no more watches than it takes",
    async store => {
      const watches = [1, 2, 3].map(() => store.watch("a", "b"));
      assert.throws(() => store.watch("a", "b"), TooManyWatches);
      await watches[0]![Symbol.asyncIterator]().return?.();
      store.watch("a", "b");
    },
    { watches: 3 },
  );
}

/** The next `count` events of a watch, which stays open. */
async function collectEvents(watch: Watch, count: number): Promise<StoreEvent[]> {
  const iterator = watch[Symbol.asyncIterator]();
  const events: StoreEvent[] = [];
  while (events.length < count) {
    const { done, value } = await iterator.next();
    if (done) throw new Error(`the watch ended after ${events.length} of ${count} events`);
    events.push(...value.events);
  }
  return events;
}
const collect = async (watch: Watch, count: number) => (await collectEvents(watch, count)).map(showEvent);
