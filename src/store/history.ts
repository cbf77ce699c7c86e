import { Compacted, type Revision, type StoreEvent } from "./contract.ts";
import type { Log } from "./log.ts";
import { type LogPiece, type LogPlace, Pieces } from "./pieces.ts";
import type { Position } from "./position.ts";
import type { Recent } from "./recent.ts";
import type { State } from "./state.ts";
import { isDead, isUnread, type Link, type Version } from "./version.ts";
import type { History, HistoryRange, Piece } from "./watch.ts";

/** What watches that start in the past read: the newest events from memory, older ones from the log. */
export class LogHistory implements History {
  private readonly position: Position;
  private readonly state: State;
  private readonly log: Log;
  private readonly recent: Recent;
  private readonly pieces: Pieces;

  /** `kept`: bytes of the log that are kept in memory once they were read. */
  constructor(position: Position, state: State, log: Log, recent: Recent, kept: number) {
    this.position = position;
    this.state = state;
    this.log = log;
    this.recent = recent;
    this.pieces = new Pieces(log, kept);
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
    if (recent) return range.previous ? { ...recent, events: recent.events.map(event => this.whole(event)) } : recent;
    return this.logged(after, range).catch(error => {
      // What it was reading may have been compacted meanwhile.
      throw after + 1 < this.oldest ? new Compacted(this.compacted) : error;
    });
  }
  /** The same from the log, whether or not it was compacted. */
  async logged(after: Revision, { from, to, previous, cursor }: HistoryRange): Promise<Piece> {
    const newest = this.revision;
    const segments = this.log.all();
    let place = (cursor as LogPlace | undefined) ?? this.pieces.after(after);
    if (!place || !this.log.has(place.segment)) {
      const i = segments.findIndex(({ lastRevision }) => lastRevision > after);
      place = { segment: segments[i]!.number, at: this.state.placeOf(after + 1, segments[i - 1]?.lastRevision ?? 0)?.at ?? 0 };
    }
    const { segment } = place;
    const piece = await this.pieces.read(segment, place.at);
    const events: StoreEvent[] = [];
    let revision = after;
    for (const [i, event] of piece.events.entries()) {
      const { key, modRevision } = event.entry;
      if (modRevision <= after) continue;
      // The log has it, but not everybody was told yet.
      if (modRevision > newest) return { revision, events };
      revision = modRevision;
      if (key >= from && key < to) events.push(previous ? this.wholeOf(piece, i) : event);
    }
    const at = piece.end;
    const last = this.log.all().find(({ number }) => number === segment);
    const ended = last !== undefined && at >= last.end && this.log.has(segment + 1);
    return { revision, events, cursor: ended ? { segment: segment + 1, at: 0 } : { segment, at } };
  }
  private wholeOf({ events, whole }: LogPiece, i: number): StoreEvent {
    const event = events[i]!;
    if (event.entry.modRevision <= this.compacted) return event;
    whole[i] ??= this.withPrevious(event);
    return whole[i]!;
  }
  /** One of the newest events with what it replaced, unless that is compacted. */
  whole(event: StoreEvent): StoreEvent {
    return this.recent.wholeOf(event, this.withPrevious);
  }
  private readonly withPrevious = (event: StoreEvent & { readonly link?: Link }): StoreEvent => {
    const { type, entry, previous } = event;
    if (previous && !isUnread(previous)) return { type, entry, previous };
    const link = event.link ?? (previous as Version | undefined);
    if (!link || entry.modRevision <= this.compacted) return { type, entry };
    const found = this.state.follow(entry.key, link)?.version;
    return found && !isDead(found) ? { type, entry, previous: this.state.cells.full(found) } : { type, entry };
  };
}
