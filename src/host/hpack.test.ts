import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackError, HpackReader, hpackBlock } from "./hpack.ts";

const MOST = 16 * 1024;
const hex = (text: string) => Buffer.from(text, "hex");

test("RFC 7541's requests with Huffman codes, one after another (C.4)", () => {
  const reader = new HpackReader();
  const first = { ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "www.example.com" };
  assert.deepEqual(reader.read(hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"), MOST), first);
  assert.deepEqual(reader.read(hex("828684be5886a8eb10649cbf"), MOST), { ...first, "cache-control": "no-cache" });
  assert.deepEqual(reader.read(hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"), MOST), {
    ":method": "GET",
    ":scheme": "https",
    ":path": "/index.html",
    ":authority": "www.example.com",
    "custom-key": "custom-value",
  });
});
test("what is written is read, and repeated headers are one", () => {
  const long = "x".repeat(5000);
  const block = hpackBlock([
    [":status", "200"],
    ["a", "1"],
    ["a", "2"],
    ["long", long],
  ]);
  assert.deepEqual(new HpackReader().read(block, MOST), { ":status": "200", a: "1, 2", long });
});
test("a block that comes again says the same while the table does, and no longer", () => {
  const reader = new HpackReader();
  const kept = (name: string, value: string) => Buffer.concat([hex("40"), hpackBlock([[name, value]]).subarray(1)]);
  for (let i = 0; i < 2; i++) reader.read(kept("a", "1"), MOST);
  reader.read(kept("b", "2"), MOST);
  for (let i = 0; i < 2; i++) assert.deepEqual(reader.read(hex("bebf"), MOST), { b: "2", a: "1" });
  reader.read(kept("c", "3"), MOST);
  for (let i = 0; i < 2; i++) assert.deepEqual(reader.read(hex("bebfc0c1"), MOST), { c: "3", b: "2", a: "1, 1" });
  // The table is emptied.
  reader.read(hex("203fe11f"), MOST);
  assert.throws(() => reader.read(hex("bebfc0c1"), MOST), HpackError);
  assert.throws(() => reader.read(hex("be"), MOST), HpackError);
});
test("malformed blocks, tables too large and headers too many are refused", () => {
  for (const bytes of ["ff", "c0", "41", "418c", "418cf1e3c2e5f23a6ba0ab90f4", "3fffffffff0f", "7fffffffffff", "8080"]) {
    assert.throws(() => new HpackReader().read(hex(bytes), MOST), HpackError, bytes);
  }
  assert.throws(() => new HpackReader().read(hpackBlock([["a", "b".repeat(200)]]), 100), HpackError);
});
test("the dynamic table forgets the oldest when it is full", () => {
  const reader = new HpackReader();
  const kept = (name: string, value: string) => Buffer.concat([hex("40"), hpackBlock([[name, value]]).subarray(1)]);
  reader.read(kept("old", "x"), MOST);
  assert.deepEqual(reader.read(hex("be"), MOST), { old: "x" });
  reader.read(kept("new", "y".repeat(4040)), MOST);
  assert.equal(reader.read(hex("be"), MOST).new?.length, 4040);
  assert.throws(() => reader.read(hex("bf"), MOST), HpackError);
});
