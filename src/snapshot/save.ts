/** A store as a snapshot of etcd's: its database as one bbolt file, with the file's SHA-256 behind it, as `etcdctl snapshot save` has it. */
import { latin1Bytes, utf8 } from "#base/bytes.ts";
import { compareBytes } from "#bolt/format.ts";
import { BoltWriter } from "#bolt/writer.ts";
import { encodeKeyValue, revisionKey } from "#store/change.ts";
import type { Lease, Placed, Retained, Revision } from "#store/contract.ts";
import { compareLeases } from "#store/lease.ts";
import { BUCKETS, encodeLease, META, u64Bytes } from "./etcd.ts";
import type { Scratch, SnapshotPorts } from "./ports.ts";
import { sortEntries } from "./sort.ts";

export interface Snapshot {
  readonly revision: Revision;
  /** Bytes, the hash included. */
  readonly size: number;
  /** To be read once, to its end or until its `return`, which gives back the room that it took. */
  readonly bytes: AsyncIterable<Uint8Array>;
}
const CHUNK = 64 * 1024;

/**
 * `LocalStore.retained()` as a snapshot that etcd 3.4 and later restore. The file is made in scratch room first, as its first
 * pages tell how long it is.
 */
export async function etcdSnapshot(retained: AsyncIterable<Retained>, ports: SnapshotPorts): Promise<Snapshot> {
  const scratch = await ports.scratch();
  try {
    const { revision, size } = await write(retained, scratch, ports);
    return { revision, size: size + 32, bytes: withHash(scratch, size, ports) };
  } catch (error) {
    await scratch.close();
    throw error;
  }
}

async function* withHash(scratch: Scratch, size: number, ports: SnapshotPorts): AsyncGenerator<Uint8Array> {
  try {
    const hash = ports.sha256();
    for (let at = 0; at < size; ) {
      const bytes = await scratch.read(at, Math.min(CHUNK, size - at));
      hash.update(bytes);
      at += bytes.length;
      yield bytes;
    }
    yield hash.digest();
  } finally {
    await scratch.close();
  }
}

async function write(
  retained: AsyncIterable<Retained>,
  file: Scratch,
  ports: SnapshotPorts,
): Promise<{ revision: Revision; size: number }> {
  const parts = retained[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    if (first.done || first.value.kind !== "head") throw new Error("a store's content begins with its head");
    const { revision, compacted } = first.value;
    const writer = new BoltWriter(file);
    const rest = await writeKeys(parts, writer, ports);
    for (const name of [BUCKETS.alarm, BUCKETS.cluster, BUCKETS.members, BUCKETS.membersRemoved]) await writer.bucket(name);
    await writer.bucket(BUCKETS.lease);
    for (const lease of rest.leases.sort((a, b) => compareLeases(a.id, b.id))) await writer.put(u64Bytes(lease.id), encodeLease(lease));
    for (const [bucket, items] of authOf(rest.meta)) {
      await writer.bucket(bucket);
      for (const [key, value] of items) await writer.put(key, value);
    }
    await writer.bucket(BUCKETS.meta);
    // Whatever restores it sets both anew; that they are there tells etcd 3.6 which version's database it is.
    await writer.put(META.consistentIndex, u64Bytes(1));
    if (compacted > 0) {
      await writer.put(META.finishedCompact, revisionKey(compacted, 0));
      await writer.put(META.scheduledCompact, revisionKey(compacted, 0));
    }
    await writer.put(META.term, u64Bytes(1));
    return { revision, size: await writer.finish() };
  } finally {
    await parts.return?.();
  }
}

interface Rest {
  readonly leases: Lease[];
  readonly meta: Map<string, Uint8Array>;
}
/** Writes the key space in the order of revisions, and gathers what follows it. */
async function writeKeys(parts: AsyncIterator<Retained>, writer: BoltWriter, { scratch }: SnapshotPorts): Promise<Rest> {
  await writer.bucket(BUCKETS.key);
  let next = await parts.next();
  async function* standing(): AsyncGenerator<readonly Placed[]> {
    for (; !next.done && next.value.kind === "entries"; next = await parts.next()) yield next.value.entries;
  }
  // A store that is read by nothing but the contract does not know which place a key had in its revision: any will do.
  let main = 0;
  let sub = 0;
  for await (const entries of sortEntries(standing(), { scratch, compare: byRevision }))
    for (const entry of entries) {
      sub = Math.max(entry.sub ?? 0, entry.modRevision === main ? sub + 1 : 0);
      main = entry.modRevision;
      await writer.put(revisionKey(main, sub), encodeKeyValue(entry, false));
    }
  const rest: Rest = { leases: [], meta: new Map() };
  for (; !next.done; next = await parts.next()) {
    const part = next.value;
    if (part.kind === "lease") rest.leases.push(part.lease);
    else if (part.kind === "meta") rest.meta.set(part.name, part.value);
    else if (part.kind === "changes")
      for (const [i, { type, entry }] of part.events.entries()) {
        const isTombstone = type === "delete";
        await writer.put(revisionKey(part.revision, i, isTombstone), encodeKeyValue(entry, isTombstone));
      }
  }
  return rest;
}
const byRevision = (a: Placed, b: Placed) => a.modRevision - b.modRevision || (a.sub ?? 0) - (b.sub ?? 0) || (a.key < b.key ? -1 : 1);

/** The store keeps etcd's own records of users and roles, by their bucket and key: "authUsers/root". */
export const AUTH_BUCKETS = ["auth", "authRoles", "authUsers"] as const;
function authOf(meta: ReadonlyMap<string, Uint8Array>): [Uint8Array, [Uint8Array, Uint8Array][]][] {
  return AUTH_BUCKETS.map(name => {
    const items: [Uint8Array, Uint8Array][] = [];
    for (const [key, value] of meta) if (key.startsWith(`${name}/`)) items.push([latin1Bytes(key.slice(name.length + 1)), value]);
    return [utf8(name), items.sort(([a], [b]) => compareBytes(a, b))];
  });
}
