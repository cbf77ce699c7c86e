import { assert } from "#base/assert.ts";
import { NoSpace, type Revision, StoreClosed } from "./contract.ts";
import type { Checksum, File, FileSystem, Part } from "./ports.ts";
import type { Writer } from "./record.ts";

/** Bytes before a frame's body: mark, body's length, checksum of length and body. */
export const FRAME_HEADER = 12;
const MARK = 0x436f7846; // "CoxF"
const SEGMENT = /^(\d{16})\.log$/;
const READ = 256 * 1024;
/** Bytes of room made ahead of what is appended. */
const ROOM_LEAST = 256 * 1024;
const ROOM_MOST = 4 * 1024 * 1024;
/** A frame of more bytes finds its own room: making it would write all of them twice, which takes longer. */
const LARGE = 96 * 1024;
const zeroes = new Uint8Array(ROOM_MOST);

export const segmentName = (n: number) => `${String(n).padStart(16, "0")}.log`;
/** The numbers of the log's segments in `directory`, in order. */
export async function segmentsOf(files: FileSystem, directory: string): Promise<number[]> {
  const numbers = (await files.list(directory)).map(name => SEGMENT.exec(name)?.[1]).filter(n => n !== undefined);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** A log that is damaged in a place that no crash explains. */
export class Damaged extends Error {
  readonly path: string;
  readonly offset: number;
  constructor(path: string, offset: number, what: string) {
    super(`the store's log is damaged: ${path} at offset ${offset}: ${what}`);
    this.path = path;
    this.offset = offset;
  }
}

/** Starts a frame in `writer`; what is then written to it is its body, until `sealFrame`. */
export function beginFrame(writer: Writer): void {
  writer.at = FRAME_HEADER;
}
/** How a segment ends: `good` bytes of whole frames, and how many of a torn one follow; zeroes are room made before its time. */
export interface SegmentEnd {
  readonly good: number;
  readonly torn: number;
}

/**
 * Calls `visit` with each frame's body and the place of its first byte, from the frame at `from` on. Only the last frame of
 * the log can be torn, since the one before was on the disk when it was begun: a bad frame with a whole one after it is
 * damage. Throws Damaged. `visit`, or the promise that it gives, may answer false: enough.
 */
export async function readSegment(
  file: File,
  {
    segment,
    checksum,
    from = 0,
    to,
    block: least = READ,
  }: { segment: number; checksum: Checksum; from?: number; to?: number; block?: number },
  visit: (body: Uint8Array, bodyAt: number) => unknown,
): Promise<SegmentEnd> {
  const size = to ?? (await file.size());
  let block: Uint8Array = new Uint8Array(0);
  let start = 0;
  const load = async (at: number, length: number) => {
    if (at >= start && at + length <= start + block.length) return;
    block = await file.read(at, Math.min(size - at, Math.max(least, length)));
    start = at;
  };
  let at = from;
  while (at + FRAME_HEADER <= size) {
    await load(at, FRAME_HEADER);
    const length = bodyLength(block, at - start);
    if (length === 0 || at + FRAME_HEADER + length > size) break;
    await load(at, FRAME_HEADER + length);
    const body = bodyAt(block, at - start, segment, at, checksum);
    if (!body) break;
    const going = visit(body, at + FRAME_HEADER);
    at += FRAME_HEADER + length;
    if ((going instanceof Promise ? await going : going) === false) return { good: at, torn: 0 };
  }
  if (at >= size) return { good: at, torn: 0 };
  const end = await usedEnd(file, at, size);
  const next = end > at ? findFrame(await file.read(at, end - at), segment, at, checksum) : undefined;
  if (next !== undefined) throw new Damaged(file.path, at, `a frame is unreadable, and a whole one follows at offset ${next}`);
  return { good: at, torn: end - at };
}
/** The place behind the last byte of [from, to) that is not zero. */
async function usedEnd(file: File, from: number, to: number): Promise<number> {
  for (let end = to; end > from; ) {
    const start = Math.max(from, end - READ);
    const block = await file.read(start, end - start);
    let i = block.length;
    while (i > 0 && block[i - 1] === 0) i--;
    if (i > 0) return start + i;
    end = start;
  }
  return from;
}
/** The length of the body that the header at `at` of `block` speaks of; 0 where there is no header. */
function bodyLength(block: Uint8Array, at: number): number {
  if (at + FRAME_HEADER > block.length) return 0;
  const view = new DataView(block.buffer, block.byteOffset + at, FRAME_HEADER);
  return view.getUint32(0) === MARK ? view.getUint32(4) : 0;
}
/** The body of the frame at `at` of `block`, which is at `offset` of the segment, if it is whole. */
function bodyAt(block: Uint8Array, at: number, segment: number, offset: number, checksum: Checksum): Uint8Array | undefined {
  const length = bodyLength(block, at);
  if (length === 0 || at + FRAME_HEADER + length > block.length) return undefined;
  const body = block.subarray(at + FRAME_HEADER, at + FRAME_HEADER + length);
  const sum = new DataView(block.buffer, block.byteOffset + at, FRAME_HEADER).getUint32(8);
  return frameSum(body, segment, offset, checksum) === sum ? body : undefined;
}
// Segment and offset are part of the sum, so that a value that holds a copy of a frame is never taken for one.
const frameSum = (body: Uint8Array, segment: number, offset: number, checksum: Checksum) =>
  (checksum(body) ^ body.length ^ Math.imul(offset + 1, 0x9e3779b1) ^ Math.imul(segment, 0x85ebca6b)) >>> 0;
/** The place of the first whole frame in `rest`, which begins at `from`, behind its first byte. */
function findFrame(rest: Uint8Array, segment: number, from: number, checksum: Checksum): number | undefined {
  const first = MARK >>> 24;
  for (let i = rest.indexOf(first, 1); i >= 0; i = rest.indexOf(first, i + 1))
    if (bodyAt(rest, i, segment, from + i, checksum)) return from + i;
  return undefined;
}

/** One file of the log. */
export interface Segment {
  readonly number: number;
  readonly file: File;
  /** Bytes of whole frames. */
  end: number;
  /** The newest revision in it or, when it has none, before it. */
  lastRevision: Revision;
}

/**
 * The log: all values and all history, in segments. `append` returns when the frame is on the disk; when it fails, nothing
 * of the frame is left.
 */
export class Log {
  private readonly files: FileSystem;
  private readonly directory: string;
  private readonly checksum: Checksum;
  private readonly segments: Map<number, Segment>;
  private tail: Segment;
  private bytes = 0;
  private broken: string | undefined;
  /** Bytes of the tail that the disk has room for already, and who makes more. */
  private room: number;
  private making: Promise<void> | undefined;

  constructor(at: { files: FileSystem; directory: string; checksum: Checksum; segments: readonly Segment[] }) {
    this.files = at.files;
    this.directory = at.directory;
    this.checksum = at.checksum;
    this.segments = new Map(at.segments.map(segment => [segment.number, segment]));
    for (const segment of at.segments) this.bytes += segment.end;
    this.tail = at.segments.at(-1)!;
    this.room = this.tail.end;
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.bytes;
  }
  get end(): { segment: number; at: number } {
    return { segment: this.tail.number, at: this.tail.end };
  }
  /** The oldest segment that there is. */
  get first(): number {
    return this.segments.keys().next().value!;
  }
  /** Segments before the newest, and whether they hold nothing newer than `revision`. */
  closed(revision: Revision): Segment[] {
    return this.all().filter(({ number, lastRevision }) => number < this.tail.number && lastRevision <= revision);
  }
  has(segment: number): boolean {
    return this.segments.has(segment);
  }
  /** Oldest first. */
  all(): Segment[] {
    return [...this.segments.values()];
  }
  /** The bytes of parts of a segment, one after another, waiting for the disk where it must. Throws RangeError beyond its end. */
  read(segment: number, parts: readonly Part[]): Uint8Array {
    const from = this.segments.get(segment);
    if (!from) throw new Damaged(`${this.directory}/${segmentName(segment)}`, parts[0]!.at, "the segment is missing");
    return from.file.readNow(parts);
  }
  /** Calls `visit` with the frames of one segment from `from` on, as far as they are written now, until it answers false; says where it stopped. */
  async readFrames(segment: number, from: number, visit: (body: Uint8Array, bodyAt: number) => unknown): Promise<number> {
    const { file, end } = this.segments.get(segment)!;
    let stopped = false;
    const { good } = await readSegment(file, { segment, checksum: this.checksum, from, to: end }, (body, at) => {
      stopped = visit(body, at) === false;
      return !stopped;
    });
    if (good < end && !stopped) throw new Damaged(file.path, good, "a frame is unreadable");
    return good;
  }

  /** Appends the frame in `writer`, which `appended` is to be told of when it is on the disk; `alone`: see File. */
  async append(writer: Writer, alone: boolean): Promise<void> {
    if (this.broken) throw new StoreClosed(this.broken);
    const { tail } = this;
    const body = writer.bytes.subarray(FRAME_HEADER, writer.at);
    writer.setU32(0, MARK);
    writer.setU32(4, body.length);
    writer.setU32(8, frameSum(body, tail.number, tail.end, this.checksum));
    const frame = writer.done();
    if (tail.end + frame.length > this.room) await this.making;
    try {
      await tail.file.writeThrough(tail.end, frame, alone);
    } catch (error) {
      await this.making;
      await this.undo(error, !(error instanceof NoSpace));
      throw error;
    }
  }
  /**
   * The frame in `writer`, in which nothing is newer than `revision`, is on the disk, and what is in it known to all in the same step:
   * else the index could be told of a place in the log before it is told of what lies there. `ahead`: there is room to be made for later ones.
   */
  appended({ at: bytes }: Writer, revision: Revision, ahead: boolean): void {
    const { tail } = this;
    tail.end += bytes;
    tail.lastRevision = revision;
    this.bytes += bytes;
    if (ahead && bytes <= LARGE) this.makeRoom();
  }
  /** Begins a new segment. On failure the old one goes on. */
  async rotate(): Promise<void> {
    if (this.broken) throw new StoreClosed(this.broken);
    await this.making;
    const { tail } = this;
    // The room that it did not use.
    if (this.room > tail.end) await tail.file.truncate(tail.end);
    await tail.file.sync();
    this.room = tail.end;
    const number = tail.number + 1;
    const file = await createSegment(this.files, this.directory, number);
    this.tail = { number, file, end: 0, lastRevision: tail.lastRevision };
    this.segments.set(number, this.tail);
    this.room = 0;
  }
  /** Removes the segments before `segment`. */
  async removeBefore(segment: number): Promise<void> {
    for (const old of this.all()) {
      if (old.number >= segment) break;
      await this.files.remove(old.file.path);
      // One after another, also on the disk: a segment that is missing between others is damage.
      await this.files.syncDirectory(this.directory);
      this.segments.delete(old.number);
      this.bytes -= old.end;
      await old.file.close();
    }
  }
  async close(): Promise<void> {
    await this.making;
    if (!this.broken && this.room > this.tail.end) await this.tail.file.truncate(this.tail.end).catch(() => {});
    for (const { file } of this.all()) await file.close();
  }

  // A sync into room that is there already is a third of one that has to find room and note it.
  private makeRoom(): void {
    const { tail, room } = this;
    const more = Math.min(ROOM_MOST, Math.max(ROOM_LEAST, tail.end));
    if (this.making || this.broken || room > tail.end + more / 2) return;
    const start = Math.max(room, tail.end + Math.ceil(more / 4));
    assert(Number.isSafeInteger(start) && start >= tail.end, "room begins behind what is written");
    const make = async () => {
      await tail.file.write(start, zeroes.subarray(0, more));
      await tail.file.sync();
      this.room = start + more;
    };
    // Without room for room, appends find their own.
    this.making = make()
      .catch(() => {})
      .finally(() => {
        this.making = undefined;
      });
    this.room = start;
  }

  // After a failed sync nobody knows what the disk holds (the kernel may have dropped the pages and forgotten the error),
  // so nothing more is written: opening again reads what is really there.
  private async undo(error: unknown, syncFailed: boolean): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    if (syncFailed) this.broken = `the store's log could not be synced (${why}); it must be opened again`;
    try {
      await this.tail.file.truncate(this.tail.end);
      await this.tail.file.sync();
      this.room = this.tail.end;
    } catch (next) {
      this.broken ??= `a failed write to the store's log could not be undone (${next}); it must be opened again`;
    }
  }
}
export async function createSegment(files: FileSystem, directory: string, segment: number): Promise<File> {
  const file = await files.open(`${directory}/${segmentName(segment)}`, true);
  await file.truncate(0);
  await file.sync();
  await files.syncDirectory(directory);
  return file;
}
