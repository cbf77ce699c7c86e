import type { LeaseId } from "./contract.ts";
import { type Places, sameBytes } from "./places.ts";
import { LINK, PLACE_SIZE, PUT, SUB, SUB_SIZE } from "./record.ts";

/** Bytes of a cell before its key (record.ts: encodeCell); and of what follows the key and what may stand behind it, before the value. */
export const HEAD = 13;
export const BODY = 28;

/**
 * Cells of one segment that were read together, not all of whose bytes need to have been neighbours there, and in columns what
 * they say but for their values: who asked each cell anew would wait for memory each time.
 */
export class Block {
  readonly segment: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the bytes are: to ask them for it takes as long as to make a value of them. */
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** Where a cell begins among the bytes, its length, where in it its value begins, and where in the segment it lies. */
  readonly start: Uint32Array;
  readonly size: Uint32Array;
  readonly value: Uint32Array;
  readonly at: Uint32Array;
  readonly modRevision: Float64Array;
  readonly createRevision: Float64Array;
  readonly version: Float64Array;
  /** Absent: none of them has one. */
  leases: BigInt64Array | undefined;

  /** `count`: of the cells. */
  constructor(segment: number, bytes: Uint8Array, count: number) {
    const { buffer, byteOffset, length } = bytes;
    this.segment = segment;
    this.bytes = bytes;
    this.view = new DataView(buffer, byteOffset, length);
    this.buffer = buffer;
    this.offset = byteOffset;
    // One buffer for all of them: to make one takes as long as to fill it.
    const columns = new ArrayBuffer(count * (3 * 8 + 4 * 4));
    this.modRevision = new Float64Array(columns, 0, count);
    this.createRevision = new Float64Array(columns, count * 8, count);
    this.version = new Float64Array(columns, count * 16, count);
    this.start = new Uint32Array(columns, count * 24, count);
    this.size = new Uint32Array(columns, count * 28, count);
    this.value = new Uint32Array(columns, count * 32, count);
    this.at = new Uint32Array(columns, count * 36, count);
  }

  /** Notes what the cell that begins at `start` says as the `n`th, unless it is not what `places` says of `i`; then perhaps a RangeError. */
  take(n: number, start: number, places: Places, i: number): boolean {
    const { view } = this;
    const from = places.keyStart(i);
    const length = places.keyEnd[i]! - from;
    const size = places.size[i]!;
    const modRevision = view.getFloat64(start + 1);
    const flags = view.getUint8(start);
    if (!(flags & PUT) || modRevision !== places.modRevision[i]! || view.getUint32(start + 9) !== length) return false;
    if (!sameBytes(places.keyView, from, view, start + HEAD, length)) return false;
    const body = start + HEAD + length + (flags & LINK ? PLACE_SIZE : 0) + (flags & SUB ? SUB_SIZE : 0);
    const value = body + BODY;
    if (value + view.getUint32(value - 4) !== start + size || start + size > this.bytes.length) return false;
    this.start[n] = start;
    this.size[n] = size;
    this.value[n] = value - start;
    this.at[n] = places.at[i]!;
    this.modRevision[n] = modRevision;
    this.createRevision[n] = view.getFloat64(body);
    this.version[n] = view.getFloat64(body + 8);
    if (view.getUint32(body + 16) !== 0 || view.getUint32(body + 20) !== 0) this.lease(n, view.getBigInt64(body + 16));
    return true;
  }
  private lease(n: number, id: LeaseId): void {
    this.leases ??= new BigInt64Array(this.start.length);
    this.leases[n] = id;
  }
}
