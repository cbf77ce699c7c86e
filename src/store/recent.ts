import type { Revision, StoreEvent } from "./contract.ts";
import type { LogEvent } from "./record.ts";
import { BATCH_EVENTS, EVENT_OVERHEAD, type HistoryRange } from "./watch.ts";

/** The newest revisions with their events, in memory within a bound, for watchers that are a little behind. */
export class Recent {
  /** Oldest first. */
  private kept: { revision: Revision; events: readonly LogEvent[]; bytes: number }[] = [];
  private bytes = 0;
  private readonly most: number;

  /** `most`: bytes. */
  constructor(most: number) {
    this.most = most;
  }

  add(revision: Revision, events: readonly LogEvent[]): void {
    const bytes = events.reduce((sum, { entry }) => sum + EVENT_OVERHEAD + entry.size, 0);
    this.kept.push({ revision, events, bytes });
    this.bytes += bytes;
    if (this.bytes <= this.most) return;
    const kept = this.kept.slice((this.kept.length + 1) >> 1);
    this.bytes = kept.reduce((sum, item) => sum + item.bytes, 0);
    this.kept = kept;
  }
  /** Events of whole revisions above `after`, some at a time, and the last of those revisions; undefined: it lacks some of them. */
  since(after: Revision, { from, to }: HistoryRange): { revision: Revision; events: StoreEvent[] } | undefined {
    const { kept } = this;
    if (kept.length === 0 || kept[0]!.revision > after + 1) return undefined;
    const events: StoreEvent[] = [];
    let i = after + 1 - kept[0]!.revision;
    for (; i < kept.length && events.length < BATCH_EVENTS; i++)
      for (const event of kept[i]!.events) if (event.entry.key >= from && event.entry.key < to) events.push(event);
    return { revision: kept[i - 1]?.revision ?? after, events };
  }
}
