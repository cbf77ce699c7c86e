/** A store's content moved into a store that gives revisions itself (a real etcd), by nothing but the contract. */
import {
  ALL_KEYS,
  Compacted,
  type Entry,
  type Key,
  type LeaseId,
  LeaseNotFound,
  type Op,
  type Revision,
  type Store,
} from "#store/contract.ts";
import { changesOf } from "./contents.ts";

export interface MoveParts {
  readonly from: Store;
  /** Holds no key. */
  readonly to: Store;
  /** Resolves when `from` takes no more writes; its leases may still run out. */
  readonly hold: () => Promise<void>;
  readonly progress: (line: string) => void;
}
/** The target is not empty; the message says so. */
export class NotEmpty extends Error {}
/** Operations and bytes of one transaction: etcd takes 128, and 1.5 MiB. */
const OPERATIONS = 100;
const BYTES = 1024 * 1024;
/** Transactions on their way at once while the target's revision is brought forward. */
const IN_FLIGHT = 256;
const STEP = { op: "put", key: "\0coxswain/moving", value: new Uint8Array(0) } as const;
/** Changes that are few enough to be brought over while writes are held off, and rounds in which they are brought down to that. */
const FEW = 200;
const ROUNDS = 20;

/**
 * Copies what stands in `from`, and then what is written there meanwhile; writes are held off for the last changes alone. The past stays
 * behind. Revisions are the target's own, and end above all that `from` has given, so that no reader ever sees one go back; all of them
 * up to the copy's end are compacted, so that who has watched `from` lists anew.
 */
export async function moveInto({ from, to, hold, progress }: MoveParts): Promise<{ readonly keys: number; readonly revision: Revision }> {
  const { count } = await to.range("", ALL_KEYS, { limit: 1, keysOnly: true });
  if (count > 0) throw new NotEmpty(`the target holds ${count} keys already, and only an empty one is moved into`);
  const copy = new Copy(from, to);
  let at = from.revision;
  await advance(at, to, progress);
  let keys = 0;
  for await (const entries of from.scan("", ALL_KEYS, { revision: at })) {
    for (const entry of entries) await copy.put(entry);
    keys += entries.length;
    progress(`${keys} keys copied`);
  }
  await copy.flush();
  const follow = async (): Promise<ReadonlySet<Key>> => {
    const until = from.revision;
    // each key's revision there is to be above the one here
    await advance(until, to, progress);
    const changed = await copy.follow(at, until);
    at = until;
    await copy.keepLeases();
    return changed;
  };
  for (let round = 0; round < ROUNDS && (await follow()).size > FEW; round++)
    progress(`what was written meanwhile is copied up to revision ${at}`);
  const different = await firstDifference(from.scan("", ALL_KEYS, { revision: at }), to.scan("", ALL_KEYS, { revision: to.revision }));
  if (different !== undefined) throw notTheSame(different);
  await hold();
  const last = new Set<Key>();
  do for (const key of await follow()) last.add(key);
  while (from.revision > at);
  await advance(from.revision, to, progress);
  for (const key of last) {
    const [theirs, ours] = await Promise.all([from.get(key), to.get(key)]);
    if (theirs && ours ? !isSame(theirs.value, ours.value) : theirs !== ours) throw notTheSame(key);
  }
  const counts = await Promise.all([from, to].map(store => store.range("", ALL_KEYS, { countOnly: true })));
  if (counts[0]!.count !== counts[1]!.count)
    throw new Error(`the copy has ${counts[1]!.count} keys of ${counts[0]!.count}: was the target written to?`);
  await to.compact(to.revision).catch(error => {
    if (!(error instanceof Compacted)) throw error;
  });
  return { keys: counts[1]!.count, revision: to.revision };
}
const notTheSame = (key: Key) => new Error(`the copy of ${JSON.stringify(key)} is not what it is a copy of: was the target written to?`);

/** Writes into the target, some keys at a time, each with its lease. */
class Copy {
  private readonly from: Store;
  private readonly to: Store;
  private readonly leases = new Map<LeaseId, number>();
  private ops: Op[] = [];
  private bytes = 0;

  constructor(from: Store, to: Store) {
    this.from = from;
    this.to = to;
  }
  async put({ key, value, lease }: Entry): Promise<void> {
    await this.add({ op: "put", key, value, lease: await this.leaseOf(lease) }, key.length + value.length);
  }
  async flush(): Promise<void> {
    if (this.ops.length > 0) await this.to.txn([], this.ops);
    this.ops = [];
    this.bytes = 0;
  }
  /** Brings over what changed after one revision up to another; the keys of it. */
  async follow(after: Revision, until: Revision): Promise<ReadonlySet<Key>> {
    const changed = new Map<Key, Entry | undefined>();
    for await (const { events } of changesOf(this.from, after, until))
      for (const { type, entry } of events) changed.set(entry.key, type === "put" ? entry : undefined);
    for (const [key, entry] of changed)
      if (entry) await this.put(entry);
      else await this.add({ op: "delete", key }, key.length);
    await this.flush();
    return new Set(changed.keys());
  }
  /** A copy may take longer than a lease lasts that its owner keeps alive at the source: what ran out here is made anew. */
  async keepLeases(): Promise<void> {
    for (const [id, ttl] of this.leases) {
      const kept = await this.to.keepAlive(id).catch(isGone);
      if (kept) continue;
      const { keys } = (await this.from.timeToLive(id).catch(isGone)) ?? { keys: [] };
      if (keys.length === 0) this.leases.delete(id);
      else await this.to.grant(ttl, id);
      for (const key of keys) {
        const entry = await this.from.get(key);
        if (entry) await this.put(entry);
      }
    }
    await this.flush();
  }
  private async add(op: Op, size: number): Promise<void> {
    if (this.ops.length === OPERATIONS || this.bytes + size > BYTES) await this.flush();
    this.ops.push(op);
    this.bytes += size;
  }
  /** One that has run out since has taken its keys with it, which is yet to be heard of. */
  private async leaseOf(id: LeaseId): Promise<LeaseId> {
    if (id === 0n || this.leases.has(id)) return id;
    const lease = await this.from.timeToLive(id).catch(isGone);
    if (!lease) return 0n;
    await this.to.grant(lease.ttl, id);
    this.leases.set(id, lease.ttl);
    return id;
  }
}
function isGone(error: unknown): undefined {
  if (!(error instanceof LeaseNotFound)) throw error;
}

/** Writes one key until the target's revision has passed `revision`. */
async function advance(revision: Revision, to: Store, progress: (line: string) => void): Promise<void> {
  while (to.revision <= revision) {
    progress(`the target's revision is brought from ${to.revision} beyond ${revision}`);
    const left = Math.min(revision - to.revision + 1, 20 * IN_FLIGHT);
    const workers = Array.from({ length: Math.min(IN_FLIGHT, left) }, async (_, w) => {
      for (let i = w; i < left; i += IN_FLIGHT) await to.txn([], [STEP]);
    });
    await Promise.all(workers);
  }
  await to.txn([], [{ op: "delete", key: STEP.key }]);
}
/** Walks both, key by key: the first that is not in both with one value. */
async function firstDifference(one: Scan, other: Scan): Promise<Key | undefined> {
  const [left, right] = [oneByOne(one), oneByOne(other)];
  for (;;) {
    const [a, b] = [(await left.next()).value as Entry | undefined, (await right.next()).value as Entry | undefined];
    if (!a && !b) return undefined;
    if (a?.key !== b?.key || !isSame(a!.value, b!.value)) return a && (!b || a.key <= b.key) ? a.key : b!.key;
  }
}
type Scan = AsyncIterable<readonly Entry[]>;
async function* oneByOne(batches: Scan): AsyncGenerator<Entry> {
  for await (const batch of batches) yield* batch;
}
const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);
