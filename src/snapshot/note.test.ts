import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, utf8 } from "#base/bytes.ts";
import { SnapshotDamaged } from "./load.ts";
import { splitNote, withNote } from "./note.ts";

const source = (bytes: Uint8Array) => ({ read: async (at: number, length: number) => bytes.slice(at, at + length) });
async function* given(...parts: string[]) {
  for (const part of parts) yield utf8(part);
}
async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return concat(all);
}

test("a note behind a snapshot is found again; a snapshot without one is all snapshot", async () => {
  const bytes = await whole(withNote(given("snap", "shot"), "a n\u00f6te"));
  assert.deepEqual(await splitNote(source(bytes), bytes.length), { size: 8, note: "a n\u00f6te" });
  for (const plain of ["", "short", "a snapshot that has none"])
    assert.deepEqual(await splitNote(source(utf8(plain)), plain.length), { size: plain.length });
  const wrong = concat([utf8("x"), Uint8Array.of(0, 0, 1, 0), utf8("coxkeys1")]);
  await assert.rejects(splitNote(source(wrong), wrong.length), SnapshotDamaged);
});
