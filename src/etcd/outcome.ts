/**
 * Writes whose answer was lost. A transaction is repeated only where a repetition cannot write again what the lost one wrote: where one
 * of its compares holds for no state that it leaves. What then became of it is read from etcd's history.
 */
import type { Compare, Entry, Key, Op, OpResult, Revision, StoreEvent } from "#store/contract.ts";

/** It may have been carried out, or not, or may be yet. etcd's own words for a request that took too long. */
export class OutcomeUnknown extends Error {
  constructor(why: string) {
    super(`etcdserver: request timed out (${why})`);
  }
}

const writes = (ops: readonly Op[]): boolean =>
  ops.some(op => op.op === "put" || op.op === "delete" || (op.op === "txn" && writes([...op.success, ...(op.failure ?? [])])));

/** An operation after which a compare of its transaction holds no more. */
export type Fence = Op & { readonly op: "put" | "delete" };
export type Repeatable = "reads" | { readonly fence: Fence } | undefined;

/** Whether, and because of which of its operations, the transaction may be repeated. */
export function repeatableBy(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[]): Repeatable {
  if (!writes(then) && !writes(otherwise)) return "reads";
  if (writes(otherwise)) return undefined;
  for (const c of compare) {
    if (c.to !== undefined || c.is !== "=") continue;
    for (const op of then) {
      if (op.op !== "put" && op.op !== "delete") continue;
      if (op.key !== c.key || (op.op === "delete" && op.to !== undefined)) continue;
      if (changes(c, op.op)) return { fence: op };
    }
  }
  return undefined;
}
/** Whether the compare fails once the operation on its key has been carried out. */
function changes(c: Compare, op: "put" | "delete"): boolean {
  if (c.target === "mod" || c.target === "version") return op === "put" || c.than > 0;
  if (c.target === "create") return op === "put" ? c.than === 0 : c.than > 0;
  return false;
}

/** Reads [key, to) as of a revision. */
export type ReadAt = (key: Key, to: Key, revision: Revision) => Promise<readonly Entry[]>;
/**
 * Whether a change of the fence's key is the lost attempt's: whether all that it was to put was put then. Throws OutcomeUnknown where it
 * was to put nothing, for who deleted a key does not show.
 */
export async function isTrace(event: StoreEvent, fence: Fence, then: readonly Op[], read: ReadAt): Promise<boolean> {
  if (event.type !== fence.op) return false;
  const revision = event.entry.modRevision;
  const puts = then.filter(op => op.op === "put" && !op.ignoreValue) as (Op & { readonly op: "put" })[];
  if (puts.length === 0) throw new OutcomeUnknown("the key is gone, and the answer was lost");
  const stand = await Promise.all(puts.map(op => read(op.key, `${op.key}\0`, revision)));
  return puts.every((op, i) => stand[i]![0]?.modRevision === revision && sameBytes(stand[i]![0]!.value, op.value));
}
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** What the transaction answered when it was carried out as `revision`. */
export async function resultsAt(then: readonly Op[], revision: Revision, read: ReadAt): Promise<OpResult[]> {
  const before = (op: { readonly key: Key; readonly to?: Key }) => read(op.key, op.to ?? `${op.key}\0`, revision - 1);
  return Promise.all(
    then.map(async (op): Promise<OpResult> => {
      if (op.op === "put") {
        const [previous] = op.previous ? await before(op) : [];
        return { op: "put", ...(previous && { previous }) };
      }
      if (op.op === "delete") {
        const previous = await before(op);
        return { op: "delete", deleted: previous.length, ...(op.previous && { previous }) };
      }
      throw new OutcomeUnknown("the answer was lost");
    }),
  );
}
