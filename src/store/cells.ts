import { Block } from "./block.ts";
import type { Entry, Key, Revision } from "./contract.ts";
import { Damaged, type Log } from "./log.ts";
import { Places } from "./places.ts";
import { decodeCell, Reader } from "./record.ts";
import { Run } from "./run.ts";
import { isToRead, isUnread, type Link, type Version } from "./version.ts";

/** Cells are read by one call when no more than this lies between them. */
const GAP = 1024;
/** Bytes of a block at most, unless one cell has more: whoever keeps one of its values keeps all of it in memory. */
const BLOCK = 256 * 1024;

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
      if (cell.version.key === key && cell.version.modRevision === modRevision && cell.version.size === size) return cell;
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
    }
    return this.isDamaged(key, modRevision, segment, at);
  }
  /** The same entry with its value. */
  full<E extends Entry>(entry: E): E {
    if (!isUnread(entry)) return entry;
    const version = entry as unknown as Version;
    return this.read(version.key, version).version as unknown as E;
  }
  /** Puts entries with their values in the place of those that lack them; neighbours in the log are read together. */
  fill(versions: Version[]): void {
    if (!versions.some(isToRead)) return;
    const places = new Places(versions.length);
    for (const version of versions) {
      if (isToRead(version)) places.add(version);
      else places.pass();
    }
    const run = this.run(places, versions);
    for (let i = 0; i < versions.length; i++) versions[i] = run.version(i);
  }
  /** What lies at these places, and what is `known` of those that are not to be read. Throws Damaged. */
  run(places: Places, known: readonly (Version | undefined)[]): Run {
    const { count } = places;
    const order = places.inOrder();
    const blocks: (Block | undefined)[] = [undefined];
    const which = new Uint16Array(count);
    const nth = new Uint32Array(count);
    for (let k = 0; k < order.length; ) {
      const block = this.blockAt(places, order, k);
      for (let n = 0; n < block.start.length; n++, k++) {
        which[order[k]!] = blocks.length;
        nth[order[k]!] = n;
      }
      blocks.push(block);
    }
    return new Run({ blocks, which, nth, keys: places.allKeys(), known });
  }
  /** Reads those from `order[first]` on that one block may hold. */
  private blockAt(places: Places, order: Uint32Array, first: number): Block {
    const { segment: segments, at: starts, size: sizes } = places;
    const segment = segments[order[first]!]!;
    const parts: { at: number; length: number }[] = [];
    let bytes = 0;
    let part = { at: 0, length: Number.NEGATIVE_INFINITY };
    let next = first;
    for (; next < order.length; next++) {
      const i = order[next]!;
      const at = starts[i]!;
      const size = sizes[i]!;
      if (segments[i] !== segment || (bytes + size > BLOCK && next > first)) break;
      if (at > part.at + part.length + GAP) {
        part = { at, length: 0 };
        parts.push(part);
      }
      const grown = at + size - part.at - part.length;
      if (grown > 0) part.length += grown;
      bytes += Math.max(0, grown);
    }
    let k = first;
    try {
      const block = new Block(segment, this.log().read(segment, parts), next - first);
      let end = 0;
      for (const { at, length } of parts) {
        // How far the part's bytes are from where they are in the segment.
        const shift = end - at;
        end += length;
        for (; k < next && starts[order[k]!]! < at + length; k++) {
          if (!block.take(k - first, starts[order[k]!]! + shift, places, order[k]!)) throw new RangeError("it is another cell");
        }
      }
      return block;
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
    }
    return this.isDamaged(places.key(order[k]!), places.modRevision[order[k]!]!, segment, places.at[order[k]!]!);
  }
  private isDamaged(key: Key, modRevision: Revision, segment: number, at: number): never {
    const error = new Damaged(`segment ${segment}`, at, `it does not hold revision ${modRevision} of the key ${key}`);
    this.damaged(error);
    throw error;
  }
}
