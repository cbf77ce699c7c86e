import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { hostSeal } from "#host/snapshot.ts";
import { SnapshotDamaged } from "./load.ts";
import { isSealed, keyOf, sealed, unsealed } from "./seal.ts";

const chance = seededChance(5);
const key = chance.bytes(32);
const PIECE = 64 * 1024;

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return concat(all);
}
async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const seal = (bytes: Uint8Array, size = 10_000) => whole(sealed(cut(bytes, size), key, chance, hostSeal));
const open = (bytes: Uint8Array, by = key) =>
  whole(unsealed({ read: async (at, length) => bytes.subarray(at, at + length) }, bytes.length, by, hostSeal));

test("what was sealed opens again, whatever its length and however it came", async () => {
  for (const length of [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 200_001])
    for (const size of [1 + length, 7_777]) {
      const plain = chance.bytes(length);
      const bytes = await seal(plain, size);
      assert.ok(isSealed(bytes) && !isSealed(plain));
      assert.deepEqual(await open(bytes), plain);
    }
});

test("a changed byte, a piece moved, left out or cut off, another key: all refused", async () => {
  const bytes = await seal(chance.bytes(3 * PIECE + 9));
  const piece = PIECE + 16;
  for (const at of [8, 39, 40, 40 + piece, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    await assert.rejects(open(changed), SnapshotDamaged);
  }
  const pieces = [0, 1, 2].map(i => bytes.subarray(40 + i * piece, 40 + (i + 1) * piece));
  const [head, last] = [bytes.subarray(0, 40), bytes.subarray(40 + 3 * piece)];
  await assert.rejects(open(concat([head, pieces[1]!, pieces[0]!, pieces[2]!, last])), SnapshotDamaged);
  await assert.rejects(open(concat([head, pieces[0]!, pieces[2]!, last])), SnapshotDamaged);
  for (const end of [40, 41, 40 + piece, 40 + 3 * piece, bytes.length - 1])
    await assert.rejects(open(bytes.subarray(0, end)), SnapshotDamaged, `${end}`);
  await assert.rejects(open(bytes, chance.bytes(32)), /encrypted with another key/);
});

test("a key is 32 bytes, as they are, in hexadecimal or in base64", () => {
  const text = (s: string) => new TextEncoder().encode(s);
  assert.deepEqual(keyOf(key), key);
  assert.deepEqual(keyOf(text(`${key.toHex()}\n`)), key);
  assert.deepEqual(keyOf(text(key.toBase64())), key);
  assert.throws(() => keyOf(text("secret")), /holds no key/);
});
