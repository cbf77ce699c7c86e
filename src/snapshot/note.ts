/**
 * What an encrypted snapshot brings along beside the store: a text behind the snapshot's bytes, then its length (u32) and "coxkeys1".
 * One that is not encrypted has none, and is an etcd's to the last byte.
 */
import { concat, text, utf8 } from "#base/bytes.ts";
import type { BoltSource } from "#bolt/reader.ts";
import { SnapshotDamaged } from "./load.ts";

const MAGIC = utf8("coxkeys1");
const TAIL = 4 + MAGIC.length;

/** The snapshot's bytes and the note behind them; to be sealed. */
export async function* withNote(bytes: AsyncIterable<Uint8Array>, note: string): AsyncGenerator<Uint8Array> {
  yield* bytes;
  const body = utf8(note);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  yield concat([body, length, MAGIC]);
}
/** How many of the bytes are the snapshot's, and the note behind them, if there is one. */
export async function splitNote(source: BoltSource, size: number): Promise<{ readonly size: number; readonly note?: string }> {
  if (size < TAIL) return { size };
  const tail = await source.read(size - TAIL, TAIL);
  if (!MAGIC.every((byte, i) => tail[4 + i] === byte)) return { size };
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0);
  const at = size - TAIL - length;
  if (at < 0) throw new SnapshotDamaged("the keys behind the snapshot are longer than the whole");
  return { size: at, note: text(await source.read(at, length)) };
}
