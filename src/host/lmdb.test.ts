import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { latin1 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { ALL_KEYS, type Key } from "#store/contract.ts";
import type { Index } from "#store/ports.ts";
import { openLmdb } from "./lmdb.ts";

async function withIndex(use: (index: Index) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(`${tmpdir()}/coxswain-index-`);
  const index = await openLmdb(directory);
  try {
    await use(index);
  } finally {
    await index.close();
    rmSync(directory, { recursive: true });
  }
}
interface Change {
  readonly table: string;
  readonly key: Key;
  readonly value?: Uint8Array;
}
const write = (index: Index, all: readonly Change[]) =>
  index.write(changes => {
    for (const { table, key, value } of all) {
      if (value) changes.put(table, key, value, 0, value.length);
      else changes.remove(table, key);
    }
  });
function rowsOf(index: Index, table: string, from: Key, to: Key, most = Number.POSITIVE_INFINITY): [Key, Uint8Array][] {
  const rows: [Key, Uint8Array][] = [];
  index.walk(table, from, to, ({ bytes, keyStart, keyEnd, start, end }) => {
    rows.push([latin1(bytes, keyStart, keyEnd), bytes.slice(start, end)]);
    return rows.length < most;
  });
  return rows;
}

test("ranges of the index's pages are what was written, whatever the tree looks like", () =>
  withIndex(async index => {
    const chance = seededChance(7);
    const below = (n: number) => Math.floor(chance.next() * n);
    const tables = ["a", "k", "\xff"];
    const model = new Map(tables.map(table => [table, new Map<Key, Uint8Array>()]));
    const anyKey = () =>
      Array.from({ length: below(3) + (below(20) === 0 ? below(300) : 0) }, () => String.fromCharCode(below(256))).join("");
    assert.deepEqual(rowsOf(index, "k", "", ALL_KEYS), []);
    for (let round = 0; round < 60; round++) {
      const shrinks = round % 20 > 14;
      const changes = new Map<string, Change>();
      for (let i = below(round % 3 === 0 ? 3000 : 30); i >= 0; i--) {
        const table = tables[below(tables.length)]!;
        const known = [...(shrinks ? model.get(table)!.keys() : [])];
        const key = known.length > 0 ? known[below(known.length)]! : anyKey();
        // Some so large that they lie on pages of their own.
        const value = new Uint8Array(below(40) === 0 ? below(20_000) : below(60)).fill(below(256));
        changes.set(table + key, shrinks ? { table, key } : { table, key, value });
      }
      for (const { table, key, value } of changes.values()) {
        if (value) model.get(table)!.set(key, value);
        else model.get(table)!.delete(key);
      }
      await write(index, [...changes.values()]);
      for (const table of tables) {
        const all = [...model.get(table)!].sort(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual(rowsOf(index, table, "", ALL_KEYS), all);
        const [from, to] = [anyKey(), anyKey()].sort() as [Key, Key];
        const within = all.filter(([key]) => key >= from && key < to);
        assert.deepEqual(rowsOf(index, table, from, to), within);
        assert.equal(index.count(table, from, to), within.length);
        assert.deepEqual(rowsOf(index, table, from, ALL_KEYS, 3), all.filter(([key]) => key >= from).slice(0, 3));
      }
    }
  }));

test("a range sees one moment of the index, also while it is written to", () =>
  withIndex(async index => {
    const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
    let written = -1;
    let seen = -1;
    let writing = true;
    const writeAll = async () => {
      for (let n = 0; n < 150; n++) {
        await write(
          index,
          keys.map(key => ({ table: "k", key, value: new Uint8Array(20 + (n % 50)).fill(n) })),
        );
        written = n;
      }
      writing = false;
    };
    const done = writeAll();
    while (writing) {
      const before = written;
      const moments = new Set<number>();
      let rows = 0;
      index.walk("k", "", ALL_KEYS, ({ bytes, keyStart, keyEnd, start }) => {
        const key = latin1(bytes, keyStart, keyEnd);
        rows++;
        moments.add(bytes[start]!);
        // Whoever is given a row may look others up, and walk.
        if (rows % 100 === 0) rowsOf(index, "k", key, ALL_KEYS, 2);
        return index.get("k", key) !== undefined || before < 0;
      });
      assert.ok(moments.size <= 1 && (rows === 0 ? before < 0 : rows === keys.length), `${rows} rows of ${[...moments]}`);
      const [moment = -1] = moments;
      assert.ok(moment >= Math.max(before, seen), `${moment} after ${before} had been written and ${seen} seen`);
      seen = moment;
      await new Promise(resolve => setImmediate(resolve));
    }
    await done;
  }));
