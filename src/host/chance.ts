/** The system's secure source. Bytes are drawn in blocks, since each call into the system costs a microsecond. */
import { randomFillSync } from "node:crypto";
import type { Chance } from "#base/chance.ts";

const block = Buffer.allocUnsafe(4096);
let used = block.length;

function take(count: number): Buffer {
  if (count > block.length) return randomFillSync(Buffer.allocUnsafe(count));
  if (used + count > block.length) {
    randomFillSync(block);
    used = 0;
  }
  used += count;
  return block.subarray(used - count, used);
}

export const hostChance: Chance = {
  next: () => take(4).readUInt32LE() / 0x1_0000_0000,
  bytes: count => Uint8Array.from(take(count)),
};
