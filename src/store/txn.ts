import { limits } from "#base/limits.ts";
import {
  type Compare,
  type Entry,
  InvalidTxn,
  type Key,
  LeaseNotFound,
  type Op,
  type OpResult,
  type Revision,
  type StoreEvent,
} from "./contract.ts";

/** The state that a transaction reads and writes: all that came before it, and its own writes so far. */
export interface Draft {
  get(key: Key): Entry | undefined;
  range(from: Key, to: Key, limit?: number): { entries: Entry[]; count: number };
  hasLease(id: number): boolean;
  write(event: StoreEvent): void;
}
export interface Outcome {
  readonly succeeded: boolean;
  readonly results: OpResult[];
  /** Empty: the transaction makes no revision. */
  readonly events: StoreEvent[];
}

export const NO_VALUE = new Uint8Array(0);

/** The entry of a deletion's event. */
export const tombstone = (key: Key, revision: Revision): Entry => ({
  key,
  value: NO_VALUE,
  createRevision: 0,
  modRevision: revision,
  version: 0,
  lease: 0,
});

/**
 * Evaluates one transaction against `draft`; its writes get `revision`. Throws InvalidTxn or LeaseNotFound before
 * anything is written.
 */
export function evaluate(
  draft: Draft,
  revision: Revision,
  compare: readonly Compare[],
  then: readonly Op[],
  otherwise: readonly Op[],
): Outcome {
  checkOps(compare.length, then);
  checkOps(0, otherwise);
  const succeeded = compare.every(c => holds(draft.get(c.key), c));
  const ops = succeeded ? then : otherwise;
  for (const op of ops) if (op.op === "put" && op.lease && !draft.hasLease(op.lease)) throw new LeaseNotFound();
  const events: StoreEvent[] = [];
  const write = (event: StoreEvent) => {
    events.push(event);
    draft.write(event);
  };
  return { succeeded, results: ops.map(op => apply(draft, revision, op, write)), events };
}

function apply(draft: Draft, revision: Revision, op: Op, write: (event: StoreEvent) => void): OpResult {
  if (op.op === "put") {
    const previous = draft.get(op.key);
    write({
      type: "put",
      entry: {
        key: op.key,
        value: op.value,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
        version: (previous?.version ?? 0) + 1,
        lease: op.lease ?? 0,
      },
      previous,
    });
    return op.previous && previous ? { op: "put", previous } : { op: "put" };
  }
  if (op.op === "get") {
    if (op.to !== undefined) return { op: "get", ...draft.range(op.key, op.to, op.limit) };
    const entry = draft.get(op.key);
    return { op: "get", entries: entry ? [entry] : [], count: entry ? 1 : 0 };
  }
  const gone = op.to === undefined ? [draft.get(op.key)].filter(e => e !== undefined) : draft.range(op.key, op.to).entries;
  for (const previous of gone) write({ type: "delete", entry: tombstone(previous.key, revision), previous });
  return op.previous ? { op: "delete", deleted: gone.length, previous: gone } : { op: "delete", deleted: gone.length };
}

/** etcd's rule: a key that is missing has zeroes for its numbers, and no value comparison holds for it. */
function holds(entry: Entry | undefined, c: Compare): boolean {
  if (c.target === "value") return entry !== undefined && related(compareBytes(entry.value, c.than), c.is);
  const actual = {
    version: entry?.version,
    create: entry?.createRevision,
    mod: entry?.modRevision,
    lease: entry?.lease,
  }[c.target];
  return related((actual ?? 0) - c.than, c.is);
}
function related(order: number, is: Compare["is"]): boolean {
  if (is === "=") return order === 0;
  if (is === "!=") return order !== 0;
  return is === "<" ? order < 0 : order > 0;
}
/** As memcmp: below, at or above 0. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** etcd's bounds: no key written twice in one transaction, no more than a stated number of operations, no empty or overlong key. */
function checkOps(compares: number, ops: readonly Op[]): void {
  if (ops.length > limits.txnOperations || compares > limits.txnOperations)
    throw new InvalidTxn("etcdserver: too many operations in txn request");
  for (const op of ops) {
    if (op.key === "" && (op.op === "put" || op.to === undefined)) throw new InvalidTxn("etcdserver: key is not provided");
    if (op.key.length > limits.storeKey) throw new InvalidTxn(`the key is longer than ${limits.storeKey} bytes`);
  }
  if (ops.length < 2) return;
  const put = new Set<Key>();
  for (const op of ops) {
    if (op.op !== "put") continue;
    if (put.has(op.key)) throw new InvalidTxn("etcdserver: duplicate key given in txn request");
    put.add(op.key);
  }
  if (put.size === 0) return;
  for (const op of ops) {
    if (op.op !== "delete") continue;
    const to = op.to;
    const covered = to === undefined ? put.has(op.key) : put.values().some(key => key >= op.key && key < to);
    if (covered) throw new InvalidTxn("etcdserver: duplicate key given in txn request");
  }
}
