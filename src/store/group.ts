import { NoSpace } from "./contract.ts";
import type { Flusher } from "./flush.ts";
import { beginFrame, type Log } from "./log.ts";
import type { Pending } from "./pending.ts";
import type { Position } from "./position.ts";
import { encodeRecord, type Head, type LogRecord, Writer } from "./record.ts";
import type { Room } from "./room.ts";
import type { State } from "./state.ts";

/**
 * One thing to be done in the order of arrival: puts its changes into the pending batch, adds to `records` what the log is to
 * have of them, and says what it answers once they are durable. When it throws it has added nothing.
 */
export type Act<T> = (records: LogRecord[]) => T;
/** An act that waits, and what came of it: told when the group that it was part of is durable, or was undone. */
interface Job {
  readonly act: Act<unknown>;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  answer: unknown;
  error: unknown;
}
/** Bytes of one group, after which further jobs wait for the next. */
const GROUP = 4 * 1024 * 1024;
/** Groups of one job after which there seems to be but one writer. */
const SINGLE = 8;

/** What group commit works on. */
export interface GroupParts {
  readonly log: Log;
  readonly state: State;
  readonly position: Position;
  readonly pending: Pending;
  readonly room: Room;
  readonly flusher: Flusher;
  /** Bytes of one segment of the log. */
  readonly segmentBytes: number;
  /** What the next segment begins with. */
  head(): Head;
  /** The pending batch, of these records, is durable: it is to be seen by all. */
  publish(records: readonly LogRecord[]): void;
  /** A group is done. */
  settled(): void;
}

/** Group commit: all writes that wait share one frame of the log and one sync. */
export class Groups {
  private readonly parts: GroupParts;
  private readonly writer = new Writer(256 * 1024);
  private waiting: Job[] = [];
  /** Groups of one job, one after another. */
  private single = 0;
  private writing: Promise<void> | undefined;

  constructor(parts: GroupParts) {
    this.parts = parts;
  }

  /** Acts when its turn has come, and answers when that is durable. */
  submit<T>(act: Act<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.parts.position.check();
      this.waiting.push({ act, resolve, reject, answer: undefined, error: undefined });
      this.writing ??= this.drain();
    });
  }
  /** The same, of what answers nothing. */
  readonly write = (make: () => readonly LogRecord[]): Promise<void> =>
    this.submit(records => {
      records.push(...make());
    });
  /** Returns when what is being written now is done. */
  async idle(): Promise<void> {
    await this.writing;
  }
  /** Acts on the log between two groups. */
  async between(act: () => Promise<void>): Promise<void> {
    while (this.writing) await this.writing;
    const acting = Promise.withResolvers<void>();
    this.writing = acting.promise;
    try {
      if (this.parts.log.end.at > 0) await act();
    } finally {
      this.writing = this.waiting.length > 0 ? this.drain() : undefined;
      acting.resolve();
    }
  }

  private async drain(): Promise<void> {
    const { flusher } = this.parts;
    await undefined; // those who come in the same turn share the first group
    while (this.waiting.length > 0) {
      // With the index far behind, writers wait for it; whether or not it then has all (upkeep.ts tries again).
      if (flusher.farBehind) await flusher.flushing?.catch(() => {});
      await this.writeGroup();
    }
    this.writing = undefined;
  }
  /** Evaluates what waits, one after another, and makes it durable with one append; or undoes all of it. */
  private async writeGroup(): Promise<void> {
    const { writer } = this;
    const { log, state, position, pending, room, flusher, segmentBytes } = this.parts;
    const { lastLease } = position;
    const records: LogRecord[] = [];
    let taken = 0;
    let hasBytes = false;
    try {
      if (log.end.at >= segmentBytes) await log.rotate();
      // In a frame of its own: a start reads those of all segments.
      if (log.end.at === 0) await this.writeHead();
      const { segment, at } = log.end;
      beginFrame(writer);
      const empty = writer.at;
      for (; taken < this.waiting.length && writer.at < GROUP; taken++) {
        const job = this.waiting[taken]!;
        const written = state.pendingWrites;
        const before = records.length;
        try {
          job.error = undefined;
          job.answer = job.act(records);
          for (let i = before; i < records.length; i++) encodeRecord(writer, records[i]!, segment, at);
        } catch (error) {
          job.error = error;
          if (state.pendingWrites === written) continue;
          // It failed with half of its writes done, as when the disk cannot be read: nobody may see those.
          taken++;
          throw error;
        }
      }
      hasBytes = writer.at > empty;
      if (hasBytes) {
        const first = records.find(record => record.kind === "events" && record.events.length > 0);
        if (first?.kind === "events") state.noteFrame({ modRevision: first.revision, segment, at, size: 0 });
        this.single = taken === 1 ? this.single + 1 : 0;
        await log.append(writer, this.single > SINGLE);
      }
    } catch (error) {
      pending.discard(lastLease);
      // With the reserve given back there is room for what does not put.
      if (error instanceof NoSpace && (await room.release())) return;
      const all = taken > 0 ? this.waiting.slice(0, taken) : this.waiting;
      this.waiting = this.waiting.slice(all.length);
      for (const job of all) job.reject(error);
      return;
    }
    const done = this.waiting.slice(0, taken);
    this.waiting = this.waiting.slice(taken);
    if (hasBytes) {
      log.appended(writer, pending.revision, room.alarms().length === 0);
      flusher.appended += writer.at;
    }
    pending.commit();
    this.parts.publish(records);
    for (const job of done) {
      if (job.error === undefined) job.resolve(job.answer as never);
      else job.reject(job.error);
    }
    this.parts.settled();
  }
  private async writeHead(): Promise<void> {
    const { writer } = this;
    const { log, position, flusher } = this.parts;
    beginFrame(writer);
    encodeRecord(writer, { kind: "head", head: this.parts.head() }, log.end.segment, 0);
    await log.append(writer, false);
    log.appended(writer, position.revision, false);
    flusher.appended += writer.at;
  }
}
