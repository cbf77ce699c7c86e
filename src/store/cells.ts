import type { Entry, Key, Revision } from "./contract.ts";
import { Damaged, type Log } from "./log.ts";
import type { Part } from "./ports.ts";
import { decodeCell, Reader } from "./record.ts";
import { type Block, blockOf, Stored } from "./stored.ts";
import { isDead, isUnread, type Link, type Version } from "./version.ts";

/** Cells are read by one call when no more than this lies between them. */
const GAP = 1024;
/** Bytes of a block at most, unless one cell has more: whoever keeps one of its values keeps all of it in memory. */
const BLOCK = 1024 * 1024;

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
      const cell = decodeCell(new Reader(this.log().read(segment, [{ at, length: size }])), segment, at);
      if (cell.version.key === key && cell.version.modRevision === modRevision) return cell;
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
    }
    return this.isDamaged(key, modRevision, segment, at);
  }
  /** The same entry with its value. */
  full<E extends Entry>(entry: E): E {
    if (!isUnread(entry)) return entry;
    const versions = [entry as unknown as Version];
    this.fill(versions);
    return versions[0] as unknown as E;
  }
  /** Puts entries with their values in the place of those that lack them; neighbours in the log are read together. */
  fill(versions: Version[]): void {
    const unread: number[] = [];
    for (let i = 0; i < versions.length; i++) if (isUnread(versions[i]!) && !isDead(versions[i]!)) unread.push(i);
    if (!inOrder(versions, unread)) unread.sort((i, j) => compare(versions[i]!, versions[j]!));
    for (let i = 0; i < unread.length; ) i = this.fillBlock(versions, unread, i);
  }
  /** The same for those of the places `unread` from the `first` on that one block may hold; answers where the next one begins. */
  private fillBlock(versions: Version[], unread: readonly number[], first: number): number {
    const { segment } = versions[unread[first]!]!;
    const parts: { at: number; length: number }[] = [];
    const starts: number[] = [];
    let bytes = 0;
    let part = { at: 0, length: Number.NEGATIVE_INFINITY };
    let next = first;
    for (; next < unread.length; next++) {
      const { segment: other, at, size } = versions[unread[next]!]!;
      if (other !== segment || (bytes + size > BLOCK && next > first)) break;
      if (at > part.at + part.length + GAP) {
        part = { at, length: 0 };
        parts.push(part);
      }
      const grown = at + size - part.at - part.length;
      if (grown > 0) part.length += grown;
      bytes += Math.max(0, grown);
      starts.push(bytes - part.length + at - part.at);
    }
    const block = blockOf(segment, this.bytesOf(versions[unread[first]!]!, parts));
    for (let i = first; i < next; i++) versions[unread[i]!] = this.storedIn(block, starts[i - first]!, versions[unread[i]!]!);
    return next;
  }

  private bytesOf({ key, modRevision, segment, at }: Version, parts: readonly Part[]): Uint8Array {
    try {
      return this.log().read(segment, parts);
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
      return this.isDamaged(key, modRevision, segment, at);
    }
  }
  private storedIn(block: Block, start: number, version: Version): Version {
    try {
      const stored = Stored.of(version, block, start);
      if (stored) return stored;
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

const compare = (a: Version, b: Version) => a.segment - b.segment || a.at - b.at;
function inOrder(versions: readonly Version[], places: readonly number[]): boolean {
  for (let i = 1; i < places.length; i++) if (compare(versions[places[i - 1]!]!, versions[places[i]!]!) > 0) return false;
  return true;
}
