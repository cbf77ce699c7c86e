import { countUpTo } from "#base/ordered.ts";
import type { Revision, StoreEvent } from "./contract.ts";
import type { LogEvent } from "./record.ts";
import { BATCH_EVENTS, EVENT_OVERHEAD, type HistoryRange, revisionOf } from "./watch.ts";

/** The newest revisions with their events, in memory within a bound, for watchers that are a little behind. */
export class Recent {
  /** Oldest first; whole revisions, one after another. */
  private kept: LogEvent[] = [];
  /** Those of them of which somebody asked what they replaced, with that: it is found, and held, once for all who ask. */
  private readonly whole = new Map<StoreEvent, StoreEvent>();
  private bytes = 0;
  private readonly most: number;

  /** `most`: bytes. */
  constructor(most: number) {
    this.most = most;
  }

  /** Events of the revision after the newest that is here. */
  add(events: readonly LogEvent[]): void {
    for (const event of events) {
      this.kept.push(event);
      this.bytes += sizeOf(event);
    }
    if (this.bytes > this.most) this.shed();
  }
  /** An event with what it replaced, which `complete` finds. */
  wholeOf(event: StoreEvent, complete: (event: StoreEvent) => StoreEvent): StoreEvent {
    const known = this.whole.get(event);
    if (known) return known;
    const whole = complete(event);
    if (!this.has(event)) return whole;
    this.whole.set(event, whole);
    this.bytes += previousSize(whole);
    if (this.bytes > this.most) this.shed();
    return whole;
  }
  /** Events of whole revisions above `after`, some at a time, and the last of those revisions; undefined: it lacks some of them. */
  since(after: Revision, { from, to }: HistoryRange): { revision: Revision; events: StoreEvent[] } | undefined {
    const { kept } = this;
    if (kept.length === 0 || kept[0]!.entry.modRevision > after + 1) return undefined;
    const events: StoreEvent[] = [];
    let revision = after;
    for (let i = countUpTo(kept, after, revisionOf); i < kept.length; i++) {
      const event = kept[i]!;
      const { key, modRevision } = event.entry;
      if (events.length >= BATCH_EVENTS && modRevision > revision) break;
      revision = modRevision;
      if (key >= from && key < to) events.push(event);
    }
    return { revision, events };
  }

  /** Forgets the older half. */
  private shed(): void {
    const { kept } = this;
    const gone = countUpTo(kept, revisionOf(kept[kept.length >> 1]!), revisionOf);
    for (let i = 0; i < gone; i++) {
      const event = kept[i]!;
      const whole = this.whole.get(event);
      this.bytes -= sizeOf(event) + (whole ? previousSize(whole) : 0);
      this.whole.delete(event);
    }
    this.kept = kept.slice(gone);
  }
  private has({ entry }: StoreEvent): boolean {
    const first = this.kept[0];
    return first !== undefined && first.entry.modRevision <= entry.modRevision;
  }
}
const sizeOf = ({ entry }: LogEvent) => EVENT_OVERHEAD + entry.size;
const previousSize = ({ previous }: StoreEvent) => EVENT_OVERHEAD + (previous?.value.length ?? 0);
