import type { Chance } from "#base/chance.ts";
import type { LeaseId } from "#store/contract.ts";

/** An id that hardly anybody has: positive, and of one length as hexadecimal digits, as etcd's own are. */
export function drawnLease(chance: Chance): LeaseId {
  const bits = chance.bytes(8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asUintN(62, bits) | (1n << 62n);
}
