/** etcd's automatic compaction (--auto-compaction-mode): by age, or by a number of revisions. */
import type { Clock } from "#base/clock.ts";
import { Compacted, type Revision, type Store, StoreClosed } from "#store/contract.ts";

export type AutoCompaction =
  /** Milliseconds of history that stay. */
  | { readonly mode: "periodic"; readonly retention: number }
  /** Revisions that stay. */
  | { readonly mode: "revision"; readonly retention: number };

const HOUR = 3_600_000;
/** Looks by number of revisions, and looks for one period of time. */
const EVERY = 5 * 60_000;
const LOOKS = 10;

/** Runs until the signal is aborted or the store is closed. */
export async function compactAutomatically(store: Store, clock: Clock, policy: AutoCompaction, signal: AbortSignal): Promise<void> {
  const every = policy.mode === "revision" ? EVERY : Math.max(1000, Math.min(policy.retention, HOUR) / LOOKS);
  const seen: { at: number; revision: Revision }[] = [];
  while (!signal.aborted) {
    await clock.sleep(every, signal).catch(() => {});
    if (signal.aborted) return;
    seen.push({ at: clock.monotonic(), revision: store.revision });
    const to = policy.mode === "revision" ? store.revision - policy.retention : oldEnough(seen, clock.monotonic() - policy.retention);
    try {
      if (to > store.compacted && to > 1) await store.compact(to);
    } catch (error) {
      if (error instanceof StoreClosed) return;
      // Somebody else was first.
      if (!(error instanceof Compacted)) throw error;
    }
  }
}
/** The newest revision that was the store's at `at` or before; 0: none is that old. What is older is forgotten. */
function oldEnough(seen: { at: number; revision: Revision }[], at: number): Revision {
  let revision = 0;
  while (seen.length > 0 && seen[0]!.at <= at) revision = seen.shift()!.revision;
  return revision;
}
