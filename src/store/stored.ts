import { latin1 } from "#base/bytes.ts";
import type { Key, LeaseId, Revision } from "./contract.ts";
import { type Places, sameBytes } from "./places.ts";
import { LINK, PLACE_SIZE, PUT, SUB, SUB_SIZE } from "./record.ts";
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
/** Bytes of a cell before its key (record.ts: encodeCell); and of what follows the key and what may stand behind it, before the value. */
const HEAD = 13;
const BODY = 28;
/** Where that begins: behind key, link and place among the revision's changes. */
function bodyOf(view: DataView, start: number): number {
  const flags = view.getUint8(start);
  return start + HEAD + view.getUint32(start + 9) + (flags & LINK ? PLACE_SIZE : 0) + (flags & SUB ? SUB_SIZE : 0);
}

/** Whether the cell that begins at `start` of the block is what `places` says of `i`; where it is another, perhaps a RangeError. */
export function isCell({ view }: Block, start: number, places: Places, i: number): boolean {
  const from = places.keyStart(i);
  const length = places.keyEnd[i]! - from;
  if (!(view.getUint8(start) & PUT) || view.getFloat64(start + 1) !== places.modRevision[i]! || view.getUint32(start + 9) !== length)
    return false;
  if (!sameBytes(places.keyView, from, view, start + HEAD, length)) return false;
  const value = bodyOf(view, start) + BODY;
  const size = places.size[i]!;
  return value + view.getUint32(value - 4) === start + size && start + size <= view.byteLength;
}

/** An entry as it lies in the log: what it says is read from its cell when it is asked for. */
export class Stored implements Version {
  readonly at: number;
  private readonly block: Block;
  /** Where in the block the cell begins, and what follows its key, link and place among its revision's changes. */
  private readonly start: number;
  private readonly body: number;
  private name: Key | undefined;

  /** The block has the cell there; `name`: its key, where that is at hand. */
  constructor(block: Block, start: number, at: number, name?: Key) {
    this.at = at;
    this.block = block;
    this.start = start;
    this.body = bodyOf(block.view, start);
    this.name = name;
  }

  get key(): Key {
    const { block, start } = this;
    this.name ??= latin1(block.bytes, start + HEAD, start + HEAD + block.view.getUint32(start + 9));
    return this.name;
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
  get sub(): number {
    const { view } = this.block;
    return view.getUint8(this.start) & SUB ? view.getUint32(this.body - SUB_SIZE) : 0;
  }
  get before(): undefined {
    return undefined;
  }
}
