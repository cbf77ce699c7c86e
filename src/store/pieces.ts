import type { StoreEvent } from "./contract.ts";
import type { Log } from "./log.ts";
import { decodeRecords, type LogEvent } from "./record.ts";
import { BATCH_EVENTS } from "./watch.ts";

/** Bytes of the log at whose multiples a piece ends. */
const PIECE = 1024 * 1024;

/** Some of the log's events: those of the frames of one segment from one place to another. */
export interface LogPiece {
  readonly events: readonly LogEvent[];
  /** The same with what they replaced, for those of which somebody asked. */
  readonly whole: StoreEvent[];
  /** Where the next piece begins. */
  readonly end: number;
}

/**
 * The log's events, read a piece at a time for those who follow the past. Wherever they began, from the next multiple of a
 * piece's size on they read the same ones: what was read lately is kept within a bound, for who comes next.
 */
export class Pieces {
  private readonly log: Log;
  private readonly most: number;
  /** Least lately used first. */
  private readonly kept = new Map<string, Promise<LogPiece>>();

  /** `most`: bytes. */
  constructor(log: Log, most: number) {
    this.log = log;
    // What the events replaced counts as much as they.
    this.most = Math.floor(most / (2 * PIECE));
  }

  /** The events from the frame at `at` of a segment on: perhaps of revisions that nobody may see yet. */
  async read(segment: number, at: number): Promise<LogPiece> {
    const name = `${segment}/${at}`;
    const known = this.kept.get(name);
    const piece = known ?? this.load(segment, at, () => this.kept.delete(name));
    this.kept.delete(name);
    this.kept.set(name, piece);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
    }
    return piece;
  }
  /** `passing`: it is not to be kept, since it failed or there will be more of it. */
  private async load(segment: number, at: number, passing: () => void): Promise<LogPiece> {
    const events: LogEvent[] = [];
    const whole = (Math.floor(at / PIECE) + 1) * PIECE;
    let isWhole = false;
    try {
      const end = await this.log.readFrames(segment, at, (body, bodyAt) => {
        for (const record of decodeRecords(body, segment, bodyAt)) if (record.kind === "events") events.push(...record.events);
        isWhole = bodyAt + body.length >= whole || events.length >= BATCH_EVENTS;
        return !isWhole;
      });
      return { events, whole: [], end };
    } finally {
      if (!isWhole) passing();
    }
  }
}
