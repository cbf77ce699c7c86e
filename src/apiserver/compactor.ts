import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { Compacted, type Revision, type Store } from "#store/contract.ts";

/**
 * Forgets revisions when they are five minutes old, as upstream does. Its timer runs only while there is something to forget: `wrote`
 * starts it.
 */
export class Compactor {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly log: Log;
  private timer: Cancel | undefined;
  private closed = false;

  constructor(store: Store, clock: Clock, log: Log) {
    this.store = store;
    this.clock = clock;
    this.log = log;
  }
  /** The store has a new revision. */
  wrote(): void {
    if (!this.timer && !this.closed) this.arm(this.store.revision);
  }
  close(): void {
    this.closed = true;
    this.timer?.();
  }
  private arm(until: Revision): void {
    this.timer = this.clock.after(limits.compactionAge, () => void this.compact(until));
  }
  private async compact(until: Revision): Promise<void> {
    try {
      await this.store.compact(until);
    } catch (error) {
      if (!(error instanceof Compacted) && !this.closed) this.log.warn("compaction failed", { until, error: String(error) });
    }
    this.timer = undefined;
    if (!this.closed && this.store.revision > until) this.arm(this.store.revision);
  }
}
