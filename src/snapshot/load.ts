/** A snapshot of etcd's (see save.ts), or the database of a member that is stopped, as the content of a store. */
import { text } from "#base/bytes.ts";
import { BoltReader, type BoltSource } from "#bolt/reader.ts";
import { type Key, keyOf, type Lease, type Placed, type Retained, type Revision, type StoreEvent } from "#store/contract.ts";
import { compareLeases, lastLeaseAfter } from "#store/lease.ts";
import { BUCKETS, decodeKeyValue, decodeLease, META, revisionOf } from "./etcd.ts";
import type { SnapshotPorts } from "./ports.ts";
import { AUTH_BUCKETS } from "./save.ts";
import { sortEntries } from "./sort.ts";

/** The snapshot is not what it should be; the message says why. */
export class SnapshotDamaged extends Error {}
const CHUNK = 256 * 1024;
const BATCH = 1000;

/**
 * Compares the hash behind the database with the database. "none": it has no hash (a copy of a member's file), by its length as
 * etcd tells it. Throws SnapshotDamaged.
 */
export async function checkHash(source: BoltSource, size: number, { sha256 }: SnapshotPorts): Promise<"good" | "none"> {
  if (size % 512 !== 32) return "none";
  const hash = sha256();
  const end = size - 32;
  for (let at = 0; at < end; ) {
    const bytes = await source.read(at, Math.min(CHUNK, end - at));
    if (bytes.length === 0) throw new SnapshotDamaged("the snapshot is cut short");
    hash.update(bytes);
    at += bytes.length;
  }
  const [computed, said] = [hash.digest().toHex(), (await source.read(end, 32)).toHex()];
  if (computed !== said) throw new SnapshotDamaged(`the snapshot is damaged: its SHA-256 is ${computed}, and it says ${said}`);
  return "good";
}

/** Its content, as `LocalStore.retained` gives a store's. Throws BoltDamaged and SnapshotDamaged. */
export async function* contentOf(source: BoltSource, { scratch }: SnapshotPorts): AsyncGenerator<Retained> {
  const db = await BoltReader.open(source);
  const keys = await db.bucket(BUCKETS.key);
  if (!keys) throw new SnapshotDamaged('there is no bucket "key": this is no database of etcd\'s');
  const meta = await all(db, BUCKETS.meta);
  const compactedAt = (name: Uint8Array) => (meta.has(text(name)) ? (revisionOf(meta.get(text(name))!)?.main ?? 0) : 0);
  const finished = compactedAt(META.finishedCompact);
  const compacted = Math.max(finished, compactedAt(META.scheduledCompact));
  const leases = (await storedLeases(db)).sort((a, b) => compareLeases(a.id, b.id));

  /** A compaction that was under way has left some of what it was to remove: the newest of each key up to it counts. */
  const newest = compacted > finished ? await newestUpTo(db, compacted) : undefined;
  const last = await db.last(keys);
  yield {
    kind: "head",
    revision: Math.max(1, compacted, last ? revisionIn(last.key).main : 0),
    compacted,
    lastLease: leases.reduce((last, { id }) => lastLeaseAfter(last, id), 0),
  };

  const records = recordsOf(db);
  let next = await records.next();
  async function* standing(): AsyncGenerator<readonly Placed[]> {
    let batch: Placed[] = [];
    for (; !next.done && next.value.at <= compacted; next = await records.next()) {
      const { at, isTombstone, entry } = next.value;
      if (isTombstone || (newest && newest.get(entry.key) !== at)) continue;
      batch.push(entry);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
  for await (const entries of sortEntries(standing(), { scratch, compare: byKey })) yield { kind: "entries", entries };
  while (!next.done) {
    const { at } = next.value;
    const events: StoreEvent[] = [];
    for (; !next.done && next.value.at === at; next = await records.next()) {
      const { isTombstone, entry } = next.value;
      events.push({ type: isTombstone ? "delete" : "put", entry });
    }
    yield { kind: "changes", revision: at, events };
  }
  for (const lease of leases) yield { kind: "lease", lease };
  for (const name of AUTH_BUCKETS)
    for (const [key, value] of await all(db, BUCKETS[name])) yield { kind: "meta", name: `${name}/${keyOf(key)}`, value };
}
const byKey = (a: Placed, b: Placed) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

interface Stored {
  readonly at: Revision;
  readonly isTombstone: boolean;
  readonly entry: Placed;
}
/** The key space in the order of revisions. */
async function* recordsOf(db: BoltReader): AsyncGenerator<Stored, undefined> {
  const bucket = (await db.bucket(BUCKETS.key))!;
  for await (const items of db.items(bucket))
    for (const { key, value } of items) {
      const { main: at, sub, isTombstone } = revisionIn(key);
      // What etcdutl's --bump-revision leaves: a revision without a key.
      if (value.length === 0) continue;
      const entry = decodeKeyValue(value);
      if (!isTombstone && entry.modRevision !== at)
        throw new SnapshotDamaged(`revision ${at} holds a key of revision ${entry.modRevision}`);
      yield { at, isTombstone, entry: { ...entry, modRevision: at, sub } };
    }
  return undefined;
}
function revisionIn(key: Uint8Array): { readonly main: Revision; readonly sub: number; readonly isTombstone: boolean } {
  const revision = revisionOf(key);
  if (!revision) throw new SnapshotDamaged(`the bucket "key" holds ${key.toHex()}, which is no revision`);
  return revision;
}
async function newestUpTo(db: BoltReader, compacted: Revision): Promise<Map<Key, Revision>> {
  const newest = new Map<Key, Revision>();
  for await (const { at, entry } of recordsOf(db)) {
    if (at > compacted) break;
    newest.set(entry.key, at);
  }
  return newest;
}
async function storedLeases(db: BoltReader): Promise<Lease[]> {
  const leases: Lease[] = [];
  const bucket = await db.bucket(BUCKETS.lease);
  if (bucket) for await (const items of db.items(bucket)) leases.push(...items.map(item => decodeLease(item.value)));
  return leases;
}
/** A small bucket whole, its keys as text; empty where it is not there. */
async function all(db: BoltReader, name: Uint8Array): Promise<Map<string, Uint8Array>> {
  const out = new Map<string, Uint8Array>();
  const bucket = await db.bucket(name);
  if (bucket) for await (const items of db.items(bucket)) for (const { key, value } of items) out.set(text(key), value.slice());
  return out;
}
