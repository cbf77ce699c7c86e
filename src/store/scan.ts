import type { Entry, Key, RangeOptions, Revision } from "./contract.ts";
import { withoutValues } from "./txn.ts";

/** Entries of one batch. */
const BATCH = 1000;

/** A scan made of short reads, each for itself: `read` gives the first `limit` entries from `start` on as of `revision`. */
export async function* scanBatches(
  from: Key,
  to: Key,
  { revision, limit = 0, keysOnly }: RangeOptions & { readonly revision: Revision },
  read: (start: Key, revision: Revision, limit: number) => readonly Entry[],
): AsyncGenerator<readonly Entry[]> {
  let left = limit || Number.POSITIVE_INFINITY;
  for (let start = from; left > 0 && start < to; ) {
    const wanted = Math.min(left, BATCH);
    const entries = read(start, revision, wanted);
    if (entries.length > 0) yield keysOnly ? withoutValues(entries) : entries;
    if (entries.length < wanted) return;
    left -= entries.length;
    start = `${entries.at(-1)!.key}\0`;
  }
}
