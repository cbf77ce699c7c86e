import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { limits } from "#base/limits.ts";
import { simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { ALL_KEYS, type Key } from "./contract.ts";
import { Layered } from "./layered.ts";
import type { Index } from "./ports.ts";
import { Presence } from "./presence.ts";
import { Reader, type Writer } from "./record.ts";
import { Rows } from "./rows.ts";

const codec = {
  encode: (writer: Writer, value: number) => writer.number(value),
  decode: (_: Key, bytes: Uint8Array, start: number, end: number) => new Reader(bytes.slice(start, end)).number(),
};
/** What an index is asked for. */
function counted(index: Index): { index: Index; asked: () => number } {
  let n = 0;
  const get: Index["get"] = (table, key) => {
    n++;
    return index.get(table, key);
  };
  return { index: { ...index, get }, asked: () => n };
}
async function flush(table: Layered<number>, index: Index): Promise<void> {
  table.commit();
  table.freeze();
  const rows = new Rows();
  for (const _ of table.changes(rows));
  await index.write(changes => rows.tell(changes));
  table.flushed();
  table.learn();
}

test("a table over an index finds all that came to it, before and after it was opened, and soon asks for nothing else", async () => {
  const chance = seededChance(5);
  const { index, asked } = counted(simulatedIndex(simulatedDisk(seededChance(1)), "index"));
  const there = new Map<Key, number>();
  const any = () => `key-${Math.floor(chance.next() * 20_000)}`;
  for (const empty of [true, false, false]) {
    const table = new Layered(index, "k", codec, new Presence(empty));
    for (let round = 0; round < 12; round++) {
      for (let n = 0; n < 3000; n++) {
        const key = any();
        assert.equal(table.get(key, "pending"), there.get(key));
        const value = chance.next() < 0.3 ? null : n;
        table.set(key, value, there.has(key));
        if (value === null) there.delete(key);
        else there.set(key, value);
      }
      await flush(table, index);
      for (let n = 0; n < 6000; n++) {
        const key = any();
        assert.equal(table.get(key, "durable"), there.get(key));
      }
    }
    const before = asked();
    for (let n = 0; n < 1000; n++) assert.equal(table.get(`never-${n}`, "durable"), undefined);
    assert.equal(asked(), before);
  }
});
test("keys that have left the index make no table grow without end", async () => {
  const { index } = counted(simulatedIndex(simulatedDisk(seededChance(1)), "index"));
  const table = new Layered(index, "k", codec, new Presence(true));
  table.set("stays", 1, false);
  for (let n = 0; n < 5000; n += 100) {
    for (let i = n; i < n + 100; i++) table.set(`goes-${i}`, 1, false);
    await flush(table, index);
    for (let i = n; i < n + 100; i++) table.set(`goes-${i}`, null, true);
    await flush(table, index);
    assert.equal(table.get("stays", "durable"), 1);
    assert.equal(table.get(`goes-${n}`, "durable"), undefined);
  }
});
test("once there are too many hashes, or too many that are alike, any key may be there", () => {
  const nothing = () => assert.fail("the index is not read");
  const alike = new Presence(true);
  assert.equal(alike.mayHave("a"), false);
  for (let n = 0; n < 1024; n++) alike.came(0x4000_0000 | (n << 20) | 7);
  const many = new Presence(true);
  for (let n = 0; n <= limits.storeHashes; n++) many.came(0x4000_0000 | n);
  for (const presence of [alike, many]) {
    assert.equal(presence.mayHave("a"), true);
    presence.missed();
    presence.read(nothing);
  }
});
test("what could not be read of the index is not taken for read", () => {
  const presence = new Presence(false);
  presence.missed();
  assert.throws(() =>
    presence.read(() => {
      throw new Error("the disk cannot be read");
    }),
  );
  assert.equal(presence.mayHave("a"), true);
  presence.missed();
  presence.read((from, visit) => assert.equal(from < ALL_KEYS && visit("a"), true));
  assert.equal(presence.mayHave("a"), true);
  assert.equal(presence.mayHave("b"), false);
});
