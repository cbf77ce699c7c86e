import { NoSpace } from "./contract.ts";
import type { Flusher } from "./flush.ts";
import { beginFrame, FRAME_HEADER, type Log } from "./log.ts";
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
/** An act, and what came of it: told when the group that it is part of is durable, or was undone. */
interface Job {
  readonly act: Act<unknown>;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  answer: unknown;
  error: unknown;
}
/** Jobs whose records share one frame of the log. */
interface Group {
  readonly jobs: Job[];
  readonly records: LogRecord[];
  readonly writer: Writer;
  /** Where its frame begins. */
  readonly segment: number;
  readonly at: number;
  /** One of its jobs failed with half of its writes done, as when the disk cannot be read: nobody may see those. */
  failed: { readonly error: unknown } | undefined;
}
/** Bytes of one group, after which further jobs wait for the next. */
const GROUP = 4 * 1024 * 1024;
/**
 * Jobs from which on a group does not wait for more: while it is on its way to the disk the next one is put together. A smaller
 * one would cost the disk more than it saves.
 */
const LARGE = 64;
/** The share of a half from which on two groups are even: those that are not become so by waiting for each other once. */
const EVEN = 0.75;
/** The part of a segment after which the next one is made. */
const NEARLY = 0.75;
/** Groups of one job after which there seems to be but one writer. */
const SINGLE = 8;
const BUFFER = 256 * 1024;

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

/**
 * Group commit: writes share one frame of the log and one sync. While a group is on its way to the disk the next one is put
 * together behind it, on what it writes; when it fails, that one is put together anew.
 */
export class Groups {
  private readonly parts: GroupParts;
  private readonly writers = [new Writer(BUFFER), new Writer(BUFFER)] as const;
  /** Those that no group has taken yet. */
  private waiting: Job[] = [];
  private open: Group | undefined;
  /** On its way to the disk. */
  private sent: { readonly group: Group; readonly written: Promise<void> } | undefined;
  private acting = false;
  /** Jobs of the group that was answered last and the one behind it: who comes often is in one of them. */
  private size = 0;
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
      const job = { act, resolve, reject, answer: undefined, error: undefined };
      if (this.waiting.length === 0 && this.takes()) this.act(job);
      else this.waiting.push(job);
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
    do {
      // With the index far behind, writers wait for it; whether or not it then has all (upkeep.ts tries again).
      if (flusher.farBehind) await flusher.flushing?.catch(() => {});
      if (!this.open && !this.begin() && !((await this.makeSegment()) && this.begin(true))) continue;
      await undefined; // those who come in the same turn share the group
      if (!this.sent) this.send();
      while (this.sent) await this.finish(this.sent);
    } while (this.waiting.length > 0 || (this.open && this.open.jobs.length > 0));
    this.open = undefined;
    this.writing = undefined;
  }
  /** Opens a group behind what was sent, and acts for those that wait; whether the segment has room for it, as one that is `fresh` has. */
  private begin(fresh = false): boolean {
    const { log, segmentBytes } = this.parts;
    const { segment } = log.end;
    const before = this.sent?.group;
    const at = before ? endOf(before) : log.end.at;
    if (at === 0 || (at >= segmentBytes && !fresh)) return false;
    const writer = before?.writer === this.writers[0] ? this.writers[1] : this.writers[0];
    beginFrame(writer);
    this.open = { jobs: [], records: [], writer, segment, at, failed: undefined };
    while (this.waiting.length > 0 && this.takes()) this.act(this.waiting.shift()!);
    return true;
  }
  /** Whether the open group may have one more. */
  private takes(): boolean {
    const { open } = this;
    return open !== undefined && !this.acting && open.writer.at < GROUP && !open.failed;
  }
  private act(job: Job): void {
    const { state } = this.parts;
    const group = this.open!;
    const { jobs, records, writer, segment, at } = group;
    const written = state.pendingWrites;
    const before = records.length;
    jobs.push(job);
    this.acting = true;
    try {
      job.error = undefined;
      job.answer = job.act(records);
      for (let i = before; i < records.length; i++) encodeRecord(writer, records[i]!, segment, at);
    } catch (error) {
      job.error = error;
      if (state.pendingWrites !== written) group.failed = { error };
    }
    this.acting = false;
    if (!this.sent && this.isHalf(1)) this.send();
  }
  /** Whether the open group has half of those who may come, or nearly so: the others are the next group while it is on its way. */
  private isHalf(share: number): boolean {
    const { open, size } = this;
    if (!open || open.failed || this.parts.flusher.farBehind) return false;
    return open.jobs.length >= LARGE && 2 * open.jobs.length >= share * size;
  }
  /** Sends the open group to the disk, which nothing else is on its way to, and opens the next one. */
  private send(): void {
    const { log, state, pending } = this.parts;
    const group = this.open!;
    const { jobs, records, writer, segment, at, failed } = group;
    if (failed) {
      this.open = undefined;
      pending.discard();
      for (const job of jobs) job.reject(failed.error);
      return;
    }
    const first = records.find(record => record.kind === "events" && record.events.length > 0);
    if (first?.kind === "events") state.noteFrame({ modRevision: first.revision, segment, at, size: 0 });
    const hasBytes = !isEmpty(group);
    if (hasBytes) this.single = jobs.length === 1 ? this.single + 1 : 0;
    pending.seal();
    this.sent = { group, written: hasBytes ? log.append(writer, this.single > SINGLE) : Promise.resolve() };
    this.open = undefined;
    this.begin();
  }
  /** Waits for what was sent, and answers its jobs; when the next group is large enough, it is sent before that. */
  private async finish({ group, written }: { readonly group: Group; readonly written: Promise<void> }): Promise<void> {
    const { log, pending, room, flusher, segmentBytes } = this.parts;
    try {
      await written;
    } catch (error) {
      await this.undo(group, error);
      return;
    }
    this.sent = undefined;
    this.size = group.jobs.length + (this.open?.jobs.length ?? 0) + this.waiting.length;
    pending.commit();
    if (!isEmpty(group)) {
      log.appended(group.writer, this.parts.position.revision, room.alarms().length === 0 ? segmentBytes : 0);
      flusher.appended += group.writer.at;
      if (log.end.at >= NEARLY * segmentBytes) log.prepare();
    }
    this.parts.publish(group.records);
    if (this.isHalf(EVEN)) this.send();
    for (const job of group.jobs) {
      if (job.error === undefined) job.resolve(job.answer as never);
      else job.reject(job.error);
    }
    this.parts.settled();
  }
  /** What was sent did not reach the disk: nor does what was put together on it, which is to be acted for anew. */
  private async undo({ jobs }: Group, error: unknown): Promise<void> {
    const { pending, room } = this.parts;
    this.waiting = [...(this.open?.jobs ?? []), ...this.waiting];
    this.sent = this.open = undefined;
    pending.discard();
    // With the reserve given back there is room for what does not put.
    if (error instanceof NoSpace && (await room.release())) this.waiting = [...jobs, ...this.waiting];
    else for (const job of jobs) job.reject(error);
  }
  /** Makes a segment that has room for a group; else, unless there is room for it now, rejects those that wait. */
  private async makeSegment(): Promise<boolean> {
    const { log, room, segmentBytes } = this.parts;
    try {
      if (log.end.at >= segmentBytes) await log.rotate();
      // In a frame of its own: a start reads those of all segments.
      if (log.end.at === 0) await this.writeHead();
      return true;
    } catch (error) {
      if (error instanceof NoSpace && (await room.release())) return false;
      for (const job of this.waiting.splice(0)) job.reject(error);
      return false;
    }
  }
  private async writeHead(): Promise<void> {
    const [writer] = this.writers;
    const { log, position, flusher } = this.parts;
    beginFrame(writer);
    encodeRecord(writer, { kind: "head", head: this.parts.head() }, log.end.segment, 0);
    await log.append(writer, false);
    log.appended(writer, position.revision, 0);
    flusher.appended += writer.at;
  }
}

const isEmpty = ({ writer }: Group) => writer.at === FRAME_HEADER;
const endOf = (group: Group) => (isEmpty(group) ? group.at : group.at + group.writer.at);
