import { NoSpace, StoreClosed } from "./contract.ts";
import type { Checksum, File, FileSystem } from "./ports.ts";
import type { Writer } from "./record.ts";

/** Bytes before a frame's body: mark, body's length, checksum of length and body. */
const HEADER = 12;
const MARK = 0x436f7846; // "CoxF"
const SEGMENT = /^(\d{16})\.log$/;
const READ = 4 * 1024 * 1024;

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
  writer.at = HEADER;
}
/** Whether anything was written since `beginFrame`. */
export const isEmptyFrame = (writer: Writer) => writer.at === HEADER;

/** How a segment ends: `good` bytes of whole frames, and whether bytes of a torn one follow. */
export interface SegmentEnd {
  readonly good: number;
  readonly torn: number;
}

/**
 * Calls `visit` with each frame's body and place. Only the last frame of the log can be torn, since the one before was on
 * the disk when it was begun: a bad frame with a whole one after it is damage. Throws Damaged.
 */
export async function readSegment(file: File, checksum: Checksum, visit: (body: Uint8Array, offset: number) => void): Promise<SegmentEnd> {
  const size = await file.size();
  let block: Uint8Array = new Uint8Array(0);
  let start = 0;
  const load = async (from: number, length: number) => {
    if (from + length <= start + block.length) return;
    block = await file.read(from, Math.min(size - from, Math.max(READ, length)));
    start = from;
  };
  let at = 0;
  while (at + HEADER <= size) {
    await load(at, HEADER);
    const length = bodyLength(block, at - start);
    if (length === 0 || at + HEADER + length > size) break;
    await load(at, HEADER + length);
    const body = bodyAt(block, at - start, at, checksum);
    if (!body) break;
    visit(body, at);
    at += HEADER + length;
  }
  if (at < size) {
    const next = await findFrame(file, at + 1, size, checksum);
    if (next !== undefined) throw new Damaged(file.path, at, `a frame is unreadable, and a whole one follows at offset ${next}`);
  }
  return { good: at, torn: size - at };
}
/** The length of the body that the header at `at` of `block` speaks of; 0 where there is no header. */
function bodyLength(block: Uint8Array, at: number): number {
  if (at + HEADER > block.length) return 0;
  const view = new DataView(block.buffer, block.byteOffset + at, HEADER);
  return view.getUint32(0) === MARK ? view.getUint32(4) : 0;
}
/** The body of the frame at `at` of `block`, which is at `offset` of the segment, if it is whole. */
function bodyAt(block: Uint8Array, at: number, offset: number, checksum: Checksum): Uint8Array | undefined {
  const length = bodyLength(block, at);
  if (length === 0 || at + HEADER + length > block.length) return undefined;
  const body = block.subarray(at + HEADER, at + HEADER + length);
  const sum = new DataView(block.buffer, block.byteOffset + at, HEADER).getUint32(8);
  return frameSum(body, offset, checksum) === sum ? body : undefined;
}
// The offset is part of the sum, so that a value that holds a copy of a frame is never taken for one.
const frameSum = (body: Uint8Array, offset: number, checksum: Checksum) =>
  (checksum(body) ^ body.length ^ Math.imul(offset + 1, 0x9e3779b1)) >>> 0;
/** The first whole frame at or after `from`. */
async function findFrame(file: File, from: number, size: number, checksum: Checksum): Promise<number | undefined> {
  const rest = await file.read(from, size - from);
  for (let i = 0; i + HEADER <= rest.length; i++) if (rest[i] === MARK >>> 24 && bodyAt(rest, i, from + i, checksum)) return from + i;
  return undefined;
}

/**
 * The log that is written to: its newest segment. `append` returns when the frame is on the disk; when it fails, nothing
 * of the frame is left.
 */
export class Log {
  private readonly files: FileSystem;
  private readonly directory: string;
  private readonly checksum: Checksum;
  private file: File;
  private end: number;
  /** Bytes of segments before the newest that have not been removed. */
  private before: number;
  private broken: string | undefined;
  /** The oldest segment that has not been removed, and the newest. */
  private first: number;
  segment: number;

  constructor(at: {
    first: number;
    files: FileSystem;
    directory: string;
    checksum: Checksum;
    segment: number;
    file: File;
    end: number;
    before: number;
  }) {
    this.files = at.files;
    this.directory = at.directory;
    this.checksum = at.checksum;
    this.first = at.first;
    this.segment = at.segment;
    this.file = at.file;
    this.end = at.end;
    this.before = at.before;
  }

  get size(): number {
    return this.before + this.end;
  }
  /** Bytes in the newest segment. */
  get length(): number {
    return this.end;
  }

  /** Appends the frame in `writer`. */
  async append(writer: Writer): Promise<void> {
    if (this.broken) throw new StoreClosed(this.broken);
    const body = writer.bytes.subarray(HEADER, writer.at);
    writer.setU32(0, MARK);
    writer.setU32(4, body.length);
    writer.setU32(8, frameSum(body, this.end, this.checksum));
    const frame = writer.done();
    let written = false;
    try {
      await this.file.write(this.end, frame);
      written = true;
      await this.file.sync();
    } catch (error) {
      await this.undo(error, written && !(error instanceof NoSpace));
      throw error;
    }
    this.end += frame.length;
  }
  /** Begins a new segment. On failure the old one goes on. */
  async rotate(): Promise<void> {
    const file = await createSegment(this.files, this.directory, this.segment + 1);
    const old = this.file;
    this.before += this.end;
    this.file = file;
    this.segment++;
    this.end = 0;
    await old.close();
  }
  /** Removes the segments before `segment`. */
  async removeBefore(segment: number): Promise<void> {
    for (; this.first < segment; this.first++) await this.files.remove(`${this.directory}/${segmentName(this.first)}`);
    if (segment === this.segment) this.before = 0;
  }
  close(): Promise<void> {
    return this.file.close();
  }

  // After a failed sync nobody knows what the disk holds (the kernel may have dropped the pages and forgotten the error),
  // so nothing more is written: opening again reads what is really there.
  private async undo(error: unknown, syncFailed: boolean): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    if (syncFailed) this.broken = `the store's log could not be synced (${why}); it must be opened again`;
    try {
      await this.file.truncate(this.end);
      await this.file.sync();
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
