import type { Revision, StoreEvent } from "./contract.ts";
import type { Log } from "./log.ts";
import { decodeRecords, type LogEvent } from "./record.ts";
import { BATCH_EVENTS } from "./watch.ts";

/** Bytes of the log at whose multiples a piece ends. */
const PIECE = 1024 * 1024;

/** Where a frame begins. */
export interface LogPlace {
  readonly segment: number;
  readonly at: number;
}
/** Some of the log's events: those of the frames of one segment from one place to another. */
export interface LogPiece {
  readonly events: readonly LogEvent[];
  /** The same with what they replaced, for those of which somebody asked. */
  readonly whole: StoreEvent[];
  /** Where the next piece begins. */
  readonly end: number;
}

/** A piece, or what it is read by; `piece` once it is there. */
interface Kept extends LogPlace {
  readonly reading: Promise<LogPiece>;
  piece: LogPiece | undefined;
}

/**
 * The log's events, read a piece at a time for those who follow the past. Wherever they began, from the next multiple of a
 * piece's size on they read the same ones: what was read lately is kept within a bound, for who comes next.
 */
export class Pieces {
  private readonly log: Log;
  private readonly most: number;
  /** Least lately used first. */
  private readonly kept = new Map<string, Kept>();

  /** `most`: bytes. */
  constructor(log: Log, most: number) {
    this.log = log;
    // What the events replaced counts as much as they.
    this.most = Math.floor(most / (2 * PIECE));
  }

  /** Where a piece that is kept holds the revision behind `after`, or ends before it; so that who begins anew reads what others do. */
  after(after: Revision): LogPlace | undefined {
    let behind: LogPlace | undefined;
    for (const { segment, at, piece } of this.kept.values()) {
      if (!piece || piece.events.length === 0 || !this.log.has(segment)) continue;
      const last = piece.events.at(-1)!.entry.modRevision;
      if (piece.events[0]!.entry.modRevision <= after + 1 && last > after) return { segment, at };
      if (last === after) behind = { segment, at: piece.end };
    }
    return behind;
  }
  /** The events from the frame at `at` of a segment on: perhaps of revisions that nobody may see yet. */
  read(segment: number, at: number): Promise<LogPiece> {
    const name = `${segment}/${at}`;
    const known = this.kept.get(name) ?? this.load(name, segment, at);
    this.kept.delete(name);
    this.kept.set(name, known);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
    }
    return known.reading;
  }
  private load(name: string, segment: number, at: number): Kept {
    const events: LogEvent[] = [];
    const whole = (Math.floor(at / PIECE) + 1) * PIECE;
    let isWhole = false;
    const frames = this.log.readFrames(segment, at, (body, bodyAt) => {
      for (const record of decodeRecords(body, segment, bodyAt)) if (record.kind === "events") events.push(...record.events);
      isWhole = bodyAt + body.length >= whole || events.length >= BATCH_EVENTS;
      return !isWhole;
    });
    const reading = frames
      .then(end => (kept.piece = { events, whole: [], end }))
      .finally(() => {
        // It failed, or there will be more of it.
        if (!isWhole) this.kept.delete(name);
      });
    const kept: Kept = { segment, at, reading, piece: undefined };
    return kept;
  }
}
