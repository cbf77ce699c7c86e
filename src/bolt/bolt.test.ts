import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { type Chance, seededChance } from "#base/chance.ts";
import { BoltDamaged, compareBytes, PAGE_SIZE } from "./format.ts";
import { BoltReader, type BoltSource, bucketOf } from "./reader.ts";
import { BoltWriter } from "./writer.ts";

/** A file in memory. */
function memoryFile(): BoltSource & { bytes: Uint8Array; write(at: number, bytes: Uint8Array): Promise<void> } {
  const buffer = new ArrayBuffer(0, { maxByteLength: 64 * 1024 * 1024 });
  const file = {
    bytes: new Uint8Array(buffer),
    async write(at: number, bytes: Uint8Array) {
      buffer.resize(Math.max(buffer.byteLength, at + bytes.length));
      file.bytes.set(bytes, at);
    },
    read: async (at: number, length: number) => file.bytes.subarray(at, at + length),
  };
  return file;
}
type Content = [name: string, items: [key: Uint8Array, value: Uint8Array][]][];

async function written(content: Content) {
  const file = memoryFile();
  const writer = new BoltWriter(file);
  for (const [name, items] of content) {
    await writer.bucket(utf8(name));
    for (const [key, value] of items) await writer.put(key, value);
  }
  assert.equal(await writer.finish(), file.bytes.length);
  return file;
}
async function read(source: BoltSource): Promise<Content> {
  const reader = await BoltReader.open(source);
  const content: Content = [];
  for await (const buckets of reader.items(reader.top))
    for (const bucket of buckets) {
      assert.ok(bucket.isBucket);
      const items: [Uint8Array, Uint8Array][] = [];
      for await (const batch of reader.items(bucketOf(bucket)))
        for (const { key, value } of batch) items.push([key.slice(), value.slice()]);
      content.push([text(bucket.key), items]);
    }
  return content;
}
function someItems(chance: Chance, count: number, keySize: number, valueSize: number): [Uint8Array, Uint8Array][] {
  const keys = Array.from({ length: count }, () => chance.bytes(1 + Math.floor(chance.next() * keySize))).sort(compareBytes);
  return keys
    .filter((key, i) => i === 0 || compareBytes(keys[i - 1]!, key) !== 0)
    .map(key => [key, chance.bytes(Math.floor(chance.next() * chance.next() * valueSize))]);
}
const plain = (content: Content) => content.map(([name, items]) => [name, items.map(([k, v]) => [k.toHex(), v.toHex()])]);

test("what was written is read: buckets of every size, keys and values larger than a page", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const chance = seededChance(seed);
    const content: Content = Array.from({ length: Math.floor(chance.next() * 6) }, (_, i) => [
      `bucket${i}`,
      someItems(
        chance,
        Math.floor(chance.next() ** 3 * 700),
        [2, 18, 300, 9000][Math.floor(chance.next() * 4)]!,
        [1, 40, 400, 20_000][seed % 4]!,
      ),
    ]);
    const file = await written(content);
    assert.equal(file.bytes.length % PAGE_SIZE, 0);
    assert.deepEqual(plain(await read(file)), plain(content), `seed ${seed}`);
  }
});

test("a bucket is found by its name; one that is small lies in its parent's page", async () => {
  const file = await written([
    ["a", [[utf8("k"), utf8("v")]]],
    ["b", []],
  ]);
  // Two meta pages, the root and the list of free pages.
  assert.equal(file.bytes.length, 4 * PAGE_SIZE);
  const reader = await BoltReader.open(file);
  assert.equal((await reader.bucket(utf8("a")))?.root, 0);
  assert.equal(await reader.bucket(utf8("c")), undefined);
});

test("the newest whole meta page counts, and a file without one is none", async () => {
  const file = await written([["a", [[utf8("k"), utf8("v")]]]]);
  const second = file.bytes.slice();
  second[20] = 0;
  assert.equal((await BoltReader.open({ read: async (at, n) => second.subarray(at, at + n) })).meta.transaction, 1);
  second[PAGE_SIZE + 70] = 1;
  await assert.rejects(BoltReader.open({ read: async (at, n) => second.subarray(at, at + n) }), BoltDamaged);
  await assert.rejects(BoltReader.open({ read: async () => new Uint8Array(0) }), BoltDamaged);
});

test("damage of any byte is told or harmless: never another error, never without end", async () => {
  const chance = seededChance(9);
  const file = await written([
    ["a", someItems(chance, 500, 18, 100)],
    ["b", someItems(chance, 5, 18, 10)],
  ]);
  for (let i = 0; i < 1000; i++) {
    const bytes = file.bytes.slice();
    bytes[Math.floor(chance.next() * bytes.length)]! ^= 1 << Math.floor(chance.next() * 8);
    try {
      const reader = await BoltReader.open({ read: async (at, n) => bytes.subarray(at, at + n) });
      for await (const items of reader.items(reader.top))
        for (const item of items) if (item.isBucket) for await (const _ of reader.items(bucketOf(item)));
    } catch (error) {
      assert.ok(error instanceof BoltDamaged, String(error));
    }
  }
});
