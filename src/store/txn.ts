import { limits } from "#base/limits.ts";
import {
  Compacted,
  type Compare,
  type Entry,
  FutureRevision,
  InvalidTxn,
  type Key,
  KeyNotFound,
  type LeaseId,
  LeaseNotFound,
  type Op,
  type OpResult,
  type Revision,
  type StoreEvent,
  withValue,
} from "./contract.ts";
import { compareLeases } from "./lease.ts";

/** The state that a transaction reads and writes: all that came before it, and its own writes so far. */
export interface Draft {
  /** The newest revision before the transaction, and the oldest that can be read. */
  readonly revision: Revision;
  readonly compacted: Revision;
  /** Perhaps without its value. */
  get(key: Key): Entry | undefined;
  /** The same entry with its value. */
  full(entry: Entry): Entry;
  range(from: Key, to: Key, options?: DraftRange): { entries: Entry[]; count: number };
  hasLease(id: LeaseId): boolean;
  /** `sub`: how many writes of the transaction came before it. What it returns is what the store keeps of the event. */
  write(event: StoreEvent, sub: number): StoreEvent;
}
export interface DraftRange {
  readonly limit?: number;
  readonly revision?: Revision;
  readonly countOnly?: boolean;
}
export interface Outcome {
  readonly succeeded: boolean;
  readonly results: OpResult[];
  /** Empty: the transaction makes no revision. */
  readonly events: StoreEvent[];
}

export const NO_VALUE = new Uint8Array(0);

export const withoutValues = (entries: readonly Entry[]): Entry[] => entries.map(entry => withValue(entry, NO_VALUE));

/** The entry of a deletion's event. */
export const tombstone = (key: Key, revision: Revision): Entry => ({
  key,
  value: NO_VALUE,
  createRevision: 0,
  modRevision: revision,
  version: 0,
  lease: 0n,
});

/**
 * Evaluates one transaction against `draft`; its writes get `revision`. What it throws it throws before anything is
 * written: InvalidTxn, LeaseNotFound, KeyNotFound, Compacted or FutureRevision.
 */
export function evaluate(
  draft: Draft,
  revision: Revision,
  compare: readonly Compare[],
  then: readonly Op[],
  otherwise: readonly Op[],
): Outcome {
  checkTxn(compare, then, otherwise);
  const succeeded = holdAll(draft, compare);
  const ops = succeeded ? then : otherwise;
  const only = ops[0];
  // Most transactions: without the arrays that others need.
  if (only?.op === "put" && ops.length === 1) {
    check(draft, only);
    const previous = draft.get(only.key);
    return { succeeded, results: [putResult(draft, only, previous)], events: [putOf(draft, revision, 0, only, previous)] };
  }
  const events: StoreEvent[] = [];
  const results: OpResult[] = [];
  for (const step of plan(draft, ops)) results.push(apply(draft, revision, step, events));
  return { succeeded, results, events };
}

/** Whether either branch may put: what a store without room refuses (etcd: applierV3Capped). */
export function mayPut(then: readonly Op[], otherwise: readonly Op[] = []): boolean {
  return then.some(puts) || otherwise.some(puts);
}
const puts = (op: Op): boolean => op.op === "put" || (op.op === "txn" && mayPut(op.success, op.failure));

/** An operation that may be done; one that is a transaction, with the branch that it takes. */
type Step = Exclude<Op, { op: "txn" }> | { readonly op: "txn"; readonly succeeded: boolean; readonly steps: readonly Step[] };

/** Chooses all branches and refuses what cannot be done, by the state before the first write, as etcd does. */
function plan(draft: Draft, ops: readonly Op[]): Step[] {
  const steps: Step[] = [];
  for (const op of ops) {
    if (op.op === "txn") {
      const succeeded = holdAll(draft, op.compare);
      steps.push({ op: "txn", succeeded, steps: plan(draft, succeeded ? op.success : (op.failure ?? [])) });
      continue;
    }
    check(draft, op);
    steps.push(op);
  }
  return steps;
}
function check(draft: Draft, op: Exclude<Op, { op: "txn" }>): void {
  if (op.op === "put") {
    if ((op.ignoreValue || op.ignoreLease) && !draft.get(op.key)) throw new KeyNotFound();
    if (op.lease && !draft.hasLease(op.lease)) throw new LeaseNotFound();
  } else if (op.op === "get" && op.revision) {
    if (op.revision > draft.revision) throw new FutureRevision(draft.revision);
    if (op.revision < draft.compacted) throw new Compacted(draft.compacted);
  }
}

type Put = Extract<Op, { op: "put" }>;
function putOf(draft: Draft, revision: Revision, sub: number, op: Put, previous: Entry | undefined): StoreEvent {
  const entry = {
    key: op.key,
    value: op.ignoreValue && previous ? draft.full(previous).value : op.value,
    createRevision: previous?.createRevision ?? revision,
    modRevision: revision,
    version: (previous?.version ?? 0) + 1,
    lease: (op.ignoreLease ? previous?.lease : op.lease) ?? 0n,
  };
  return draft.write({ type: "put", entry, previous }, sub);
}
const putResult = (draft: Draft, op: Put, previous: Entry | undefined): OpResult =>
  op.previous && previous ? { op: "put", previous: draft.full(previous) } : { op: "put" };

/** Does one step; what it writes is added to `events`. */
function apply(draft: Draft, revision: Revision, step: Step, events: StoreEvent[]): OpResult {
  if (step.op === "txn")
    return { op: "txn", succeeded: step.succeeded, results: step.steps.map(inner => apply(draft, revision, inner, events)) };
  if (step.op === "put") {
    const previous = draft.get(step.key);
    events.push(putOf(draft, revision, events.length, step, previous));
    return putResult(draft, step, previous);
  }
  if (step.op === "get") {
    const { entries, count } = draft.range(step.key, step.to ?? `${step.key}\0`, step);
    return { op: "get", entries: step.keysOnly ? withoutValues(entries) : entries, count };
  }
  const gone = step.to === undefined ? [draft.get(step.key)].filter(e => e !== undefined) : draft.range(step.key, step.to).entries;
  for (const previous of gone)
    events.push(draft.write({ type: "delete", entry: tombstone(previous.key, revision), previous }, events.length));
  return step.previous ? { op: "delete", deleted: gone.length, previous: gone.map(draft.full) } : { op: "delete", deleted: gone.length };
}

function holdAll(draft: Draft, compare: readonly Compare[]): boolean {
  for (const c of compare) if (!holds(draft, c)) return false;
  return true;
}
/** etcd's rule: a key that is missing, or a range without keys, has zeroes for its numbers, and no value comparison holds for it. */
function holds(draft: Draft, c: Compare): boolean {
  if (c.to === undefined) return holdsOf(draft, draft.get(c.key), c);
  const { entries } = draft.range(c.key, c.to);
  return entries.length === 0 ? holdsOf(draft, undefined, c) : entries.every(entry => holdsOf(draft, entry, c));
}
function holdsOf(draft: Draft, entry: Entry | undefined, c: Compare): boolean {
  if (c.target === "value") return entry !== undefined && related(compareBytes(draft.full(entry).value, c.than), c.is);
  if (c.target === "lease") return related(compareLeases(entry?.lease ?? 0n, c.than), c.is);
  return related((entry?.[FIELD[c.target]] ?? 0) - c.than, c.is);
}
const FIELD = { version: "version", create: "createRevision", mod: "modRevision" } as const;
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
function checkTxn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[]): void {
  checkKeys(compare, then, otherwise, limits.txnOperations);
  if (then.length > 1 || then[0]?.op === "txn") checkWrites(then);
  if (otherwise.length > 1 || otherwise[0]?.op === "txn") checkWrites(otherwise);
}
/** A transaction within one has what the outer one leaves of the operations (etcd: checkTxnRequest). */
function checkKeys(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[], most: number): void {
  const operations = Math.max(compare.length, then.length, otherwise.length);
  if (operations > most) throw new InvalidTxn("etcdserver: too many operations in txn request");
  for (const c of compare) checkKey(c.key, c.to !== undefined);
  checkOps(then, most - operations);
  checkOps(otherwise, most - operations);
}
function checkOps(ops: readonly Op[], most: number): void {
  for (const op of ops) {
    if (op.op === "txn") checkKeys(op.compare, op.success, op.failure ?? [], most);
    else checkKey(op.key, op.op !== "put" && op.to !== undefined);
  }
}
function checkKey(key: Key, isRange: boolean): void {
  if (key === "" && !isRange) throw new InvalidTxn("etcdserver: key is not provided");
  if (key.length > limits.storeKey) throw new InvalidTxn(`the key is longer than ${limits.storeKey} bytes`);
}
interface Writes {
  readonly puts: Set<Key>;
  readonly deletes: { readonly from: Key; readonly to: Key }[];
}
/** No put beside a put or a deletion of its key; but for the two branches of one transaction (etcd: checkIntervals). */
function checkWrites(ops: readonly Op[]): Writes {
  const puts = new Set<Key>();
  const deletes: Writes["deletes"] = [];
  for (const op of ops) if (op.op === "delete") deletes.push({ from: op.key, to: op.to ?? `${op.key}\0` });
  const add = (key: Key, other?: ReadonlySet<Key>) => {
    if ((puts.has(key) && !other?.has(key)) || deletes.some(({ from, to }) => key >= from && key < to))
      throw new InvalidTxn("etcdserver: duplicate key given in txn request");
    puts.add(key);
  };
  for (const op of ops) {
    if (op.op !== "txn") continue;
    const success = checkWrites(op.success);
    const failure = checkWrites(op.failure ?? []);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) add(key, success.puts);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const op of ops) if (op.op === "put") add(op.key);
  return { puts, deletes };
}
