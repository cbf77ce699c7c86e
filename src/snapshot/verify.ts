import { concat } from "#base/bytes.ts";
import { SnapshotDamaged } from "./load.ts";
import type { RunningHash } from "./ports.ts";

const HASH = 32;

/** A snapshot's bytes passed on; throws SnapshotDamaged at their end unless the hash there is theirs. */
export async function* verified(bytes: AsyncIterable<Uint8Array>, hash: RunningHash): AsyncGenerator<Uint8Array> {
  let tail = new Uint8Array(0);
  for await (const part of bytes) {
    const all = concat([tail, part]);
    const sure = all.subarray(0, Math.max(0, all.length - HASH));
    hash.update(sure);
    tail = all.slice(sure.length);
    yield part;
  }
  if (tail.length < HASH || hash.digest().toHex() !== tail.toHex())
    throw new SnapshotDamaged("the snapshot did not come whole: its SHA-256 is not the one that it says");
}
