import type { Journal } from "#apiserver/journal.ts";
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { Compacted, type Revision, type Store } from "#store/contract.ts";

/** How much of the past the store keeps: what is older than `age` milliseconds, or `bytes` of writes away, goes. */
export interface Retention {
  readonly age: number;
  readonly bytes: number;
}
export const RETENTION: Retention = { age: limits.historyAge, bytes: limits.historyBytes };

/**
 * Every five minutes, what was there five minutes before goes behind the journal's horizon: lists and watches cannot go on from there,
 * as after upstream's compaction. The store itself forgets by retention, and never what lies before the horizon. The timer runs only
 * while there is something to forget.
 */
export class Compactor {
  private readonly store: Store;
  private readonly journal: Journal;
  private readonly retention: Retention;
  private readonly clock: Clock;
  private readonly log: Log;
  private timer: Cancel | undefined;
  private closed = false;

  constructor(store: Store, journal: Journal, retention: Retention, clock: Clock, log: Log) {
    this.store = store;
    this.journal = journal;
    this.retention = retention;
    this.clock = clock;
    this.log = log;
  }
  /** What an earlier process had put behind the horizon stays there. */
  async start(): Promise<void> {
    await this.journal.resume();
    this.journal.horizon = (await this.journal.revisionAt(this.clock.now() - limits.compactionAge)) ?? this.store.compacted;
    if (this.store.revision > Math.max(1, this.store.compacted)) this.wrote();
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
    this.timer = this.clock.after(limits.compactionAge, () => void this.tick(until));
  }
  private async tick(until: Revision): Promise<void> {
    this.journal.horizon = Math.max(this.journal.horizon, until);
    try {
      const floor = await this.floor();
      if (floor > this.store.compacted) await this.store.compact(floor);
    } catch (error) {
      if (!(error instanceof Compacted) && !this.closed) this.log.warn("compaction failed", { until, error: String(error) });
    }
    this.timer = undefined;
    if (!this.closed && this.store.revision > this.store.compacted) this.arm(this.store.revision);
  }
  /** Up to where the store may forget. */
  private async floor(): Promise<Revision> {
    const { journal, retention, store, clock } = this;
    const oldest = Math.max(1, store.compacted);
    const byAge = (await journal.revisionAt(clock.now() - retention.age)) ?? oldest;
    return Math.min(journal.horizon, await journal.withinBytes(byAge, retention.bytes));
  }
}
