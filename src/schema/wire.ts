/** Protobuf's wire format: varints, tags, lengths. */
import { text as decodeText } from "#base/bytes.ts";

/** Bytes that are no protobuf of the type; the message is gogo's where it has one. */
export class ProtobufError extends Error {}

/** Writes from the end to the start, so that a message's length is known when it is due. */
export class Writer {
  private bytes = new Uint8Array(1024);
  private at = 1024;
  get length(): number {
    return this.bytes.length - this.at;
  }
  private room(size: number): void {
    if (this.at >= size) return;
    const length = this.length;
    const bigger = new Uint8Array(Math.max(this.bytes.length * 2, length + size));
    bigger.set(this.bytes.subarray(this.at), bigger.length - length);
    this.at = bigger.length - length;
    this.bytes = bigger;
  }
  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.at -= bytes.length;
    this.bytes.set(bytes, this.at);
  }
  varint(value: number | bigint): void {
    this.room(10);
    if (typeof value === "number" && value >= 0 && value < 0x80000000) {
      let size = 1;
      for (let v = value; v > 127; v >>>= 7) size++;
      this.at -= size;
      let v = value;
      for (let i = 0; i < size; i++) {
        this.bytes[this.at + i] = (v & 127) | (i < size - 1 ? 128 : 0);
        v >>>= 7;
      }
      return;
    }
    let v = BigInt.asUintN(64, BigInt(value));
    const out: number[] = [];
    do {
      out.push(Number(v & 127n) | (v > 127n ? 128 : 0));
      v >>= 7n;
    } while (v > 0n);
    this.raw(Uint8Array.from(out));
  }
  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }
  bytesField(number: number, bytes: Uint8Array): void {
    this.raw(bytes);
    this.varint(bytes.length);
    this.tag(number, 2);
  }
  varintField(number: number, value: number | bigint): void {
    this.varint(value);
    this.tag(number, 0);
  }
  /** A nested message: what `fill` writes, with its length and tag before it. */
  message(number: number, fill: () => void): void {
    const before = this.length;
    fill();
    this.varint(this.length - before);
    this.tag(number, 2);
  }
  finish(): Uint8Array {
    return this.bytes.slice(this.at);
  }
  /** The same until something else is written. */
  view(): Uint8Array {
    return this.bytes.subarray(this.at);
  }
  /** Forgets what was written, and keeps the room for it. */
  restart(): void {
    this.at = this.bytes.length;
  }
}

/** Reads a message's fields in the order in which they stand. */
export class Reader {
  private readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  varint(): number | bigint {
    let low = 0;
    let shift = 1;
    for (let i = 0; i < 7; i++) {
      if (this.at >= this.end) throw new ProtobufError("unexpected EOF");
      const b = this.bytes[this.at++]!;
      low += (b & 127) * shift;
      if (b < 128) return low;
      shift *= 128;
    }
    let value = BigInt(low);
    for (let i = 7; i < 10; i++) {
      if (this.at >= this.end) throw new ProtobufError("unexpected EOF");
      const b = this.bytes[this.at++]!;
      value |= BigInt(b & 127) << BigInt(7 * i);
      if (b < 128) return number(BigInt.asIntN(64, value));
    }
    throw new ProtobufError("proto: integer overflow");
  }
  small(): number {
    return Number(this.varint());
  }
  take(): Reader {
    const size = this.small();
    if (size < 0 || size > this.end - this.at) throw new ProtobufError("unexpected EOF");
    this.at += size;
    return new Reader(this.bytes, this.at - size, this.at);
  }
  view(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }
  text(): string {
    return decodeText(this.view());
  }
  double(): number {
    if (this.end - this.at < 8) throw new ProtobufError("unexpected EOF");
    this.at += 8;
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at - 8, 8).getFloat64(0, true);
  }
  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) this.take();
    else if (wire === 5) this.at += 4;
    else throw new ProtobufError(`proto: illegal wireType ${wire}`);
    if (this.at > this.end) throw new ProtobufError("unexpected EOF");
  }
  /** Calls `field` for every field; it reads the field and returns true, or returns false to have it skipped. */
  fields(field: (number: number, wire: number) => boolean): void {
    while (this.at < this.end) {
      const tag = this.small();
      const wire = tag & 7;
      if (tag < 8) throw new ProtobufError(`proto: illegal tag ${tag >>> 3} (wire type ${tag})`);
      if (!field(Math.floor(tag / 8), wire)) this.skip(wire);
    }
  }
}
function number(value: bigint): number | bigint {
  const n = Number(value);
  return Number.isSafeInteger(n) ? n : value;
}
