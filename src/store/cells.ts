import type { Entry, Key, Revision } from "./contract.ts";
import { Damaged, type Log } from "./log.ts";
import { decodeCell, Reader, valueOfCell } from "./record.ts";
import { isUnread, type Link, type Version } from "./version.ts";

/** Cells that are read together when no more than this lies between them, up to so many bytes at once. */
const GAP = 4096;
const RUN = 1024 * 1024;

/** Reads versions (record.ts: cells) and their values from the log. */
export class Cells {
  private readonly log: () => Log;
  private readonly damaged: (error: Damaged) => void;

  /** `damaged` is told when a cell of the log is not what was asked for. */
  constructor(log: () => Log, damaged: (error: Damaged) => void) {
    this.log = log;
    this.damaged = damaged;
  }

  /** Whether the log still has what `link` points to. */
  has({ segment }: Link): boolean {
    return this.log().has(segment);
  }
  /** The version of `key` at that place, and the link to the one before it. Throws Damaged. */
  read(key: Key, { modRevision, segment, at, size }: Link) {
    try {
      const cell = decodeCell(new Reader(this.log().read(segment, at, size)), segment, at);
      if (cell.version.key === key && cell.version.modRevision === modRevision) return cell;
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
    }
    return this.isDamaged(key, modRevision, segment, at);
  }
  /** The same entry with its value. */
  full<E extends Entry>(entry: E): E {
    if (isUnread(entry)) this.fill([entry as unknown as Version]);
    return entry;
  }
  /** Reads the values that are missing, neighbours in the log together. */
  fill(versions: readonly Version[]): void {
    const unread = versions.filter(isUnread);
    if (unread.length === 0) return;
    if (!inOrder(unread)) unread.sort((a, b) => a.segment - b.segment || a.at - b.at);
    for (let i = 0; i < unread.length; ) {
      const { segment, at, size } = unread[i]!;
      let end = at + size;
      let wanted = size;
      let next = i + 1;
      for (; next < unread.length; next++) {
        const { segment: other, at: start, size } = unread[next]!;
        if (other !== segment || start > end + GAP || start + size > at + RUN) break;
        end = Math.max(end, start + size);
        wanted += size;
      }
      const reader = new Reader(this.bytesOf(unread[i]!, end - at));
      // A value keeps all the bytes that it was read with in memory.
      const sparse = wanted < (end - at) / 2;
      for (; i < next; i++) {
        const version = unread[i]!;
        const value = this.valueAt(version, reader, version.at - at);
        version.value = sparse ? value.slice() : value;
      }
    }
  }

  private bytesOf({ key, modRevision, segment, at }: Version, length: number): Uint8Array {
    try {
      return this.log().read(segment, at, length);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      return this.isDamaged(key, modRevision, segment, at);
    }
  }
  private valueAt(version: Version, reader: Reader, at: number): Uint8Array {
    try {
      reader.at = at;
      const value = valueOfCell(reader, version);
      if (value) return value;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return this.isDamaged(version.key, version.modRevision, version.segment, version.at);
  }
  private isDamaged(key: Key, modRevision: Revision, segment: number, at: number): never {
    const error = new Damaged(`segment ${segment}`, at, `it does not hold revision ${modRevision} of the key ${key}`);
    this.damaged(error);
    throw error;
  }
}

function inOrder(versions: readonly Version[]): boolean {
  for (let i = 1; i < versions.length; i++) {
    const { segment, at } = versions[i - 1]!;
    const next = versions[i]!;
    if (next.segment < segment || (next.segment === segment && next.at < at)) return false;
  }
  return true;
}
