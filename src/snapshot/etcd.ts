/** etcd's own records inside its database: the buckets, their keys, and the messages that are their values. */
import { latin1, utf8 } from "#base/bytes.ts";
import { Reader, Writer } from "#schema/wire.ts";
import { REVISION, TOMBSTONE } from "#store/change.ts";
import type { Entry, Lease, LeaseId, Revision } from "#store/contract.ts";

export const BUCKETS = {
  alarm: utf8("alarm"),
  auth: utf8("auth"),
  authRoles: utf8("authRoles"),
  authUsers: utf8("authUsers"),
  cluster: utf8("cluster"),
  key: utf8("key"),
  lease: utf8("lease"),
  members: utf8("members"),
  membersRemoved: utf8("members_removed"),
  meta: utf8("meta"),
} as const;
export const META = {
  consistentIndex: utf8("consistent_index"),
  term: utf8("term"),
  scheduledCompact: utf8("scheduledCompactRev"),
  finishedCompact: utf8("finishedCompactRev"),
} as const;

/** Undefined where it is no such key. */
export function revisionOf(key: Uint8Array): { readonly main: Revision; readonly sub: number; readonly isTombstone: boolean } | undefined {
  if (key.length < REVISION || key.length > REVISION + 1 || key[8] !== 0x5f) return undefined;
  if (key.length > REVISION && key[REVISION] !== TOMBSTONE) return undefined;
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return { main: Number(view.getBigUint64(0)), sub: Number(view.getBigUint64(9)), isTombstone: key.length > REVISION };
}
export function u64Bytes(value: number | bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)));
  return out;
}

export function decodeKeyValue(bytes: Uint8Array): Entry {
  const out = { key: "", value: NO_BYTES, createRevision: 0, modRevision: 0, version: 0, lease: 0n };
  const reader = new Reader(bytes);
  reader.fields((number, wire) => {
    if (wire === 2 && number === 1) out.key = latin1(reader.take().view());
    else if (wire === 2 && number === 5) out.value = reader.take().view().slice();
    else if (wire === 0 && number === 2) out.createRevision = reader.small();
    else if (wire === 0 && number === 3) out.modRevision = reader.small();
    else if (wire === 0 && number === 4) out.version = reader.small();
    else if (wire === 0 && number === 6) out.lease = leaseIdOf(reader.varint());
    else return false;
    return true;
  });
  return out;
}
/** leasepb.Lease. */
export function encodeLease({ id, ttl }: Lease): Uint8Array {
  const writer = new Writer();
  writer.varintField(2, ttl);
  writer.varintField(1, id);
  return writer.finish();
}
export function decodeLease(bytes: Uint8Array): Lease {
  const out = { id: 0n, ttl: 0 };
  const reader = new Reader(bytes);
  reader.fields((number, wire) => {
    if (wire === 0 && number === 1) out.id = leaseIdOf(reader.varint());
    else if (wire === 0 && number === 2) out.ttl = reader.small();
    else return false;
    return true;
  });
  return out;
}

const leaseIdOf = (varint: number | bigint): LeaseId => BigInt.asIntN(64, BigInt(varint));
const NO_BYTES = new Uint8Array(0);
