import { latin1 } from "#base/bytes.ts";
import type { Key, LeaseId, Revision } from "./contract.ts";
import { LINK, PLACE_SIZE, PUT } from "./record.ts";
import type { Version } from "./version.ts";

/** Cells of one segment that were read together, not all of whose bytes need to have been neighbours there. */
export interface Block {
  readonly segment: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the bytes are: to ask them for it takes as long as to make a value of them. */
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
}
export function blockOf(segment: number, bytes: Uint8Array): Block {
  const { buffer, byteOffset: offset, length } = bytes;
  return { segment, bytes, view: new DataView(buffer, offset, length), buffer, offset };
}

/**
 * An entry as it lies in the log: all but its key is read from its cell (record.ts: encodeCell) when it is asked for. Of ten
 * thousand that are read at once, most of the work and of the memory would be objects that nobody may look at.
 */
export class Stored implements Version {
  readonly key: Key;
  readonly at: number;
  private readonly block: Block;
  /** Where in the block the cell begins, and what follows its key and link. */
  private readonly start: number;
  private readonly body: number;

  private constructor(key: Key, at: number, block: Block, start: number) {
    this.key = key;
    this.at = at;
    this.block = block;
    this.start = start;
    this.body = start + HEAD + key.length + (block.view.getUint8(start) & LINK ? PLACE_SIZE : 0);
  }
  /** The entry that `version` stands for, whose cell begins at `start` of the block; undefined, or a RangeError, where that is another. */
  static of({ key, modRevision, at, size }: Version, block: Block, start: number): Stored | undefined {
    const { bytes, view } = block;
    if (!(view.getUint8(start) & PUT) || view.getFloat64(start + 1) !== modRevision || view.getUint32(start + 9) !== key.length)
      return undefined;
    // Code unit by code unit takes twice as long.
    if (latin1(bytes, start + HEAD, start + HEAD + key.length) !== key) return undefined;
    const stored = new Stored(key, at, block, start);
    return stored.size === size && start + size <= view.byteLength ? stored : undefined;
  }

  get modRevision(): Revision {
    return this.block.view.getFloat64(this.start + 1);
  }
  get createRevision(): Revision {
    return this.block.view.getFloat64(this.body);
  }
  get version(): number {
    return this.block.view.getFloat64(this.body + 8);
  }
  get lease(): LeaseId {
    const { view } = this.block;
    const at = this.body + 16;
    // Most have none, and a bigint is made each time.
    return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 ? 0n : view.getBigInt64(at);
  }
  get value(): Uint8Array {
    const { view, buffer, offset } = this.block;
    const at = this.body + BODY;
    return new Uint8Array(buffer, offset + at, view.getUint32(at - 4));
  }
  get segment(): number {
    return this.block.segment;
  }
  get size(): number {
    const end = this.body + BODY;
    return end + this.block.view.getUint32(end - 4) - this.start;
  }
  get before(): undefined {
    return undefined;
  }
}
/** Bytes of a cell before its key; and of what follows key and link, before the value. */
const HEAD = 13;
const BODY = 28;
