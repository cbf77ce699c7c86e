import { latin1, writeLatin1 } from "#base/bytes.ts";
import type { Key } from "./contract.ts";
import { Keys } from "./keys.ts";
import type { Row } from "./ports.ts";
import type { Version } from "./version.ts";

/** How many there is room for once there is one more than was expected. */
const ROOM = 512;
/** Bytes of keys that there is room for to begin with, for each version. */
const KEY = 64;
/** Bytes of keys that there is room for still when it begins anew, at most. */
const KEYS = 1024 * 1024;

/**
 * Where versions lie in the log and what their cells are to say, in columns: of ten thousand that are read at once, an object
 * and a text each would take longer than all else.
 */
export class Places {
  count = 0;
  segment: Uint32Array;
  at: Uint32Array;
  /** 0: it is not to be read. */
  size: Uint32Array;
  modRevision: Float64Array;
  /** Where in `keys` its key ends; it begins where the one before ends. */
  keyEnd: Uint32Array;
  keys: Uint8Array;
  /** The same bytes. */
  keyView: DataView;

  /** `room`: for how many. */
  constructor(room: number) {
    this.segment = new Uint32Array(room);
    this.at = new Uint32Array(room);
    this.size = new Uint32Array(room);
    this.modRevision = new Float64Array(room);
    this.keyEnd = new Uint32Array(room);
    this.keys = new Uint8Array(room * KEY);
    this.keyView = new DataView(this.keys.buffer);
  }

  /** The place that a row of the index names (record.ts: encodePlace), of the row's key. */
  addRow({ view, keyStart, keyEnd, start }: Row): void {
    const i = this.next();
    this.modRevision[i] = view.getFloat64(start);
    this.segment[i] = view.getUint32(start + 8);
    this.at[i] = view.getUint32(start + 12);
    this.size[i] = view.getUint32(start + 16);
    const from = this.keyStart(i);
    const length = keyEnd - keyStart;
    this.need(from + length);
    copyBytes(view, keyStart, this.keyView, from, length);
    this.keyEnd[i] = from + length;
  }
  add({ key, modRevision, segment, at, size }: Version): void {
    const i = this.next();
    this.modRevision[i] = modRevision;
    this.segment[i] = segment;
    this.at[i] = at;
    this.size[i] = size;
    const from = this.keyStart(i);
    this.need(from + key.length);
    writeLatin1(this.keys, from, key);
    this.keyEnd[i] = from + key.length;
  }
  /** One that is not to be read. */
  pass(): void {
    const i = this.next();
    this.size[i] = 0;
    this.keyEnd[i] = this.keyStart(i);
  }
  keyStart(i: number): number {
    return i > 0 ? this.keyEnd[i - 1]! : 0;
  }
  /** A copy of them. */
  allKeys(): Keys {
    return new Keys(this.keys.subarray(0, this.keyStart(this.count)), this.keyEnd.slice(0, this.count));
  }
  /** Begins anew. */
  clear(): this {
    this.count = 0;
    if (this.keys.length > KEYS) this.room(KEYS);
    return this;
  }
  key(i: number): Key {
    return latin1(this.keys, this.keyStart(i), this.keyEnd[i]!);
  }
  /** Those that are to be read, as they lie in the log. */
  inOrder(): Uint32Array {
    const { count, segment, at, size } = this;
    const order = new Uint32Array(count);
    let found = 0;
    let last = -1;
    let isSorted = true;
    for (let i = 0; i < count; i++) {
      if (size[i] === 0) continue;
      isSorted &&= last < 0 || segment[last]! < segment[i]! || (segment[last] === segment[i] && at[last]! < at[i]!);
      order[found++] = last = i;
    }
    const all = order.subarray(0, found);
    return isSorted ? all : all.sort((a, b) => segment[a]! - segment[b]! || at[a]! - at[b]!);
  }
  private next(): number {
    const { count } = this;
    if (count === this.size.length) {
      const room = Math.max(ROOM, count * 2);
      this.segment = grown(new Uint32Array(room), this.segment);
      this.at = grown(new Uint32Array(room), this.at);
      this.size = grown(new Uint32Array(room), this.size);
      this.modRevision = grown(new Float64Array(room), this.modRevision);
      this.keyEnd = grown(new Uint32Array(room), this.keyEnd);
    }
    this.count++;
    return count;
  }
  private need(bytes: number): void {
    if (bytes <= this.keys.length) return;
    const { keys } = this;
    this.room(bytes * 2);
    this.keys.set(keys);
  }
  private room(bytes: number): void {
    this.keys = new Uint8Array(bytes);
    this.keyView = new DataView(this.keys.buffer);
  }
}

function grown<A extends { set(of: A): void }>(larger: A, of: A): A {
  larger.set(of);
  return larger;
}
// A call of what copies or compares many bytes takes longer than a key's few, eight at a time: no bigint is made of them.
function copyBytes(from: DataView, start: number, to: DataView, at: number, length: number): void {
  let i = 0;
  for (; i + 8 <= length; i += 8) to.setBigInt64(at + i, from.getBigInt64(start + i, true), true);
  for (; i < length; i++) to.setInt8(at + i, from.getInt8(start + i));
}
export function sameBytes(a: DataView, start: number, b: DataView, at: number, length: number): boolean {
  let i = 0;
  for (; i + 8 <= length; i += 8) if (a.getBigInt64(start + i, true) !== b.getBigInt64(at + i, true)) return false;
  for (; i < length; i++) if (a.getInt8(start + i) !== b.getInt8(at + i)) return false;
  return true;
}
