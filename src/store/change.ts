/** One change of the key space as etcd keeps it: what its snapshots hold, and what its hash of a history is made of. */
import { latin1Bytes } from "#base/bytes.ts";
import { Writer } from "#schema/wire.ts";
import type { Entry, Revision } from "./contract.ts";

/** Bytes of a revision, and what a deletion's has behind it. */
export const REVISION = 17;
export const TOMBSTONE = 0x74;

/** A key of the bucket "key": revision, "_", place within the revision, and "t" for a deletion. */
export function revisionKey(main: Revision, sub: number, isTombstone = false): Uint8Array {
  const out = new Uint8Array(REVISION + (isTombstone ? 1 : 0));
  writeNumber(out, 0, main);
  out[8] = 0x5f;
  writeNumber(out, 9, sub);
  if (isTombstone) out[REVISION] = TOMBSTONE;
  return out;
}
/** Eight bytes, the highest first. */
function writeNumber(out: Uint8Array, at: number, value: number): void {
  let left = value;
  for (let i = at + 7; left > 0; i--) {
    out[i] = left % 256;
    left = Math.floor(left / 256);
  }
}

/** mvccpb.KeyValue; of a deletion only the key. */
export function encodeKeyValue(entry: Entry, isTombstone: boolean): Uint8Array {
  const writer = new Writer();
  writeKeyValue(writer, entry, isTombstone);
  return writer.finish();
}
export function writeKeyValue(writer: Writer, entry: Entry, isTombstone: boolean): void {
  if (!isTombstone) {
    // From the last field to the first, as this writer goes.
    if (entry.lease) writer.varintField(6, entry.lease);
    const { value } = entry;
    if (value.length > 0) writer.bytesField(5, value);
    writer.varintField(4, entry.version);
    writer.varintField(3, entry.modRevision);
    writer.varintField(2, entry.createRevision);
  }
  writer.bytesField(1, latin1Bytes(entry.key));
}
