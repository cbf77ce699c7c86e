/** A store's content moved into a store that gives revisions itself (a real etcd), by nothing but the contract. */
import { ALL_KEYS, Compacted, type Entry, type LeaseId, type Op, type Revision, type Store } from "#store/contract.ts";

export interface MoveParts {
  /** Takes no more writes; its leases may still run out. */
  readonly from: Store;
  /** Holds no key. */
  readonly to: Store;
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

/**
 * Copies what stands in `from` now; its past stays behind. Revisions are the target's own, and begin above all that `from` has given, so
 * that no reader ever sees one go back; all of them up to the copy's end are compacted, so that who has watched `from` lists anew.
 */
export async function moveInto({ from, to, progress }: MoveParts): Promise<{ readonly keys: number; readonly revision: Revision }> {
  const { count } = await to.range("", ALL_KEYS, { limit: 1, keysOnly: true });
  if (count > 0) throw new NotEmpty(`the target holds ${count} keys already, and only an empty one is moved into`);
  await advance(from.revision, to, progress);
  const leases = new Set<LeaseId>();
  const leaseOf = async (id: LeaseId): Promise<LeaseId> => {
    if (id !== 0n && !leases.has(id)) {
      await to.grant((await from.timeToLive(id)).ttl, id);
      leases.add(id);
    }
    return id;
  };
  const copied = from.revision;
  let keys = 0;
  let ops: Op[] = [];
  let bytes = 0;
  const flush = async () => {
    if (ops.length > 0) await to.txn([], ops);
    ops = [];
    bytes = 0;
  };
  for await (const entries of from.scan("", ALL_KEYS, { revision: copied })) {
    for (const { key, value, lease } of entries) {
      if (ops.length === OPERATIONS || bytes + value.length > BYTES) await flush();
      ops.push({ op: "put", key, value, lease: await leaseOf(lease) });
      bytes += key.length + value.length;
      keys++;
    }
    progress(`${keys} keys copied`);
  }
  await flush();
  // Leases that ran out meanwhile took their keys with them.
  if (from.revision > copied) await removeMissing(from, to);
  const different = await firstDifference(from, to);
  if (different !== undefined)
    throw new Error(`the copy of ${JSON.stringify(different)} is not what it is a copy of: was the target written to?`);
  await to.compact(to.revision).catch(error => {
    if (!(error instanceof Compacted)) throw error;
  });
  return { keys, revision: to.revision };
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
async function removeMissing(from: Store, to: Store): Promise<void> {
  for await (const entries of to.scan("", ALL_KEYS, { keysOnly: true }))
    for (const { key } of entries) if (!(await from.get(key))) await to.txn([], [{ op: "delete", key }]);
}
/** Walks both, key by key: the first that is not in both with one value. */
async function firstDifference(from: Store, to: Store): Promise<string | undefined> {
  const [left, right] = [from, to].map(store => oneByOne(store.scan("", ALL_KEYS))) as [AsyncGenerator<Entry>, AsyncGenerator<Entry>];
  for (;;) {
    const [a, b] = [(await left.next()).value as Entry | undefined, (await right.next()).value as Entry | undefined];
    if (!a && !b) return undefined;
    if (a?.key !== b?.key || !isSame(a!.value, b!.value)) return a && (!b || a.key <= b.key) ? a.key : b!.key;
  }
}
async function* oneByOne(batches: AsyncIterable<readonly Entry[]>): AsyncGenerator<Entry> {
  for await (const batch of batches) yield* batch;
}
const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);
