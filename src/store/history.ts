import { Compacted, type Revision, type StoreEvent } from "./contract.ts";
import type { Log } from "./log.ts";
import type { Position } from "./position.ts";
import type { Recent } from "./recent.ts";
import { decodeRecords } from "./record.ts";
import type { State } from "./state.ts";
import { isDead, isUnread, type Link, type Version } from "./version.ts";
import { BATCH_EVENTS, type History, type HistoryRange, type Piece } from "./watch.ts";

/** Bytes of events that are read from the log at a time. */
const PIECE = 1024 * 1024;

/** What watches that start in the past read: the newest events from memory, older ones from the log. */
export class LogHistory implements History {
  private readonly position: Position;
  private readonly state: State;
  private readonly log: Log;
  private readonly recent: Recent;

  constructor(position: Position, state: State, log: Log, recent: Recent) {
    this.position = position;
    this.state = state;
    this.log = log;
    this.recent = recent;
  }

  get revision(): Revision {
    return this.position.revision;
  }
  get compacted(): Revision {
    return this.position.compacted;
  }
  get oldest(): Revision {
    return this.position.oldest;
  }

  since(after: Revision, range: HistoryRange): Piece | Promise<Piece> {
    const recent = this.recent.since(after, range);
    if (recent) return range.previous ? { ...recent, events: recent.events.map(event => this.withPrevious(event)) } : recent;
    return this.logged(after, range).catch(error => {
      // What it was reading may have been compacted meanwhile.
      throw after + 1 < this.oldest ? new Compacted(this.compacted) : error;
    });
  }
  /** The same from the log, whether or not it was compacted. */
  async logged(after: Revision, { from, to, previous, cursor }: HistoryRange): Promise<Piece> {
    const newest = this.revision;
    const segments = this.log.all();
    let place = cursor as { segment: number; at: number } | undefined;
    if (!place) {
      const i = segments.findIndex(({ lastRevision }) => lastRevision > after);
      place = { segment: segments[i]!.number, at: this.state.placeOf(after + 1, segments[i - 1]?.lastRevision ?? 0)?.at ?? 0 };
    }
    const { segment } = place;
    const events: StoreEvent[] = [];
    let revision = after;
    let bytes = 0;
    const at = await this.log.readFrames(segment, place.at, (body, bodyAt) => {
      for (const record of decodeRecords(body, segment, bodyAt)) {
        if (record.kind !== "events" || record.events.length === 0 || record.revision <= after || record.revision > newest) continue;
        revision = record.revision;
        for (const event of record.events) {
          const { key } = event.entry;
          if (key < from || key >= to) continue;
          bytes += event.entry.size;
          // Its bytes are a part of all that was read at once.
          events.push(previous ? this.withPrevious(event) : event);
        }
      }
      return events.length < BATCH_EVENTS && bytes < PIECE;
    });
    const last = this.log.all().find(({ number }) => number === segment);
    const ended = last !== undefined && at >= last.end && this.log.has(segment + 1);
    return { revision, events, cursor: ended ? { segment: segment + 1, at: 0 } : { segment, at } };
  }
  /** An event with what it replaced, unless that is compacted. */
  withPrevious(event: StoreEvent & { readonly link?: Link }): StoreEvent {
    const { type, entry, previous } = event;
    if (previous && !isUnread(previous)) return { type, entry, previous };
    const link = event.link ?? (previous as Version | undefined);
    if (!link || entry.modRevision <= this.compacted) return { type, entry };
    const found = this.state.follow(entry.key, link)?.version;
    return found && !isDead(found) ? { type, entry, previous: this.state.cells.full(found) } : { type, entry };
  }
}
