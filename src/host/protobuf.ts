/**
 * Protocol buffers (proto3 wire format) for messages that are written as tables (base/message.ts). 64-bit integers are JavaScript
 * numbers: exact up to 2^53, rounded above (nanosecond timestamps lose less than a microsecond).
 */
import type { Fields, FieldType, Input, Message, Scalar, Value } from "#base/message.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

class Writer {
  private buffer = Buffer.allocUnsafe(256);
  private length = 0;

  private room(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + size));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
  varint(value: number): void {
    this.room(10);
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 0x7fn) {
        this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      this.buffer[this.length++] = Number(rest);
      return;
    }
    while (value > 0x7f) {
      this.buffer[this.length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    this.buffer[this.length++] = value;
  }
  double(value: number): void {
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.room(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }
  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.room(size);
    this.buffer.write(value, this.length, size);
    this.length += size;
  }
  latin1(value: string): void {
    this.varint(value.length);
    this.room(value.length);
    this.length += this.buffer.write(value, this.length, "latin1");
  }
  done(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

/** The bytes of a message; fields that are undefined or hold the default are left out. */
export function encode<M extends Message<Fields>>(type: M, value: Input<M>): Buffer {
  const writer = new Writer();
  const given = value as Readonly<Record<string, unknown>>;
  const fields = type.fields();
  for (const name in fields) {
    const [number, fieldType] = fields[name]!;
    const field = given[name];
    if (field === undefined) continue;
    if (fieldType === "map") {
      for (const [key, item] of Object.entries(field as Record<string, string>)) {
        writer.varint((number << 3) | LENGTH);
        const entry = new Writer();
        entry.varint((1 << 3) | LENGTH);
        entry.string(key);
        entry.varint((2 << 3) | LENGTH);
        entry.string(item);
        writer.bytes(entry.done());
      }
    } else if (typeof fieldType === "object" && "repeated" in fieldType) {
      for (const item of field as unknown[]) one(writer, number, fieldType.repeated, item);
    } else if (typeof fieldType === "object" || !isDefault(field)) {
      one(writer, number, fieldType, field);
    }
  }
  return writer.done();
}
function isDefault(value: unknown): boolean {
  return value === 0 || value === "" || value === false || (value instanceof Uint8Array && value.length === 0);
}
function one(writer: Writer, number: number, type: Scalar | Message<Fields>, value: unknown): void {
  if (typeof type === "object") {
    writer.varint((number << 3) | LENGTH);
    writer.bytes(encode(type, value as never));
    return;
  }
  switch (type) {
    case "string":
      writer.varint((number << 3) | LENGTH);
      writer.string(value as string);
      return;
    case "bytes":
      writer.varint((number << 3) | LENGTH);
      writer.bytes(value as Uint8Array);
      return;
    case "latin1":
      writer.varint((number << 3) | LENGTH);
      writer.latin1(value as string);
      return;
    case "double":
      writer.varint((number << 3) | FIXED64);
      writer.double(value as number);
      return;
    default:
      writer.varint((number << 3) | VARINT);
      writer.varint(Number(value));
  }
}

interface Slot {
  readonly name: string;
  readonly type: FieldType;
}
const slots = new WeakMap<Message<Fields>, Map<number, Slot>>();
function slotsOf(type: Message<Fields>): Map<number, Slot> {
  let known = slots.get(type);
  if (known === undefined) {
    known = new Map(Object.entries(type.fields()).map(([name, [number, fieldType]]) => [number, { name, type: fieldType }]));
    slots.set(type, known);
  }
  return known;
}
function blank(type: Message<Fields>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const { name, type: fieldType } of slotsOf(type).values()) {
    if (fieldType === "map") out[name] = {};
    else if (typeof fieldType === "object") out[name] = "repeated" in fieldType ? [] : undefined;
    else
      out[name] =
        fieldType === "string" || fieldType === "latin1"
          ? ""
          : fieldType === "bool"
            ? false
            : fieldType === "bytes"
              ? new Uint8Array(0)
              : 0;
  }
  return out;
}

/** Reads a message; unknown fields are skipped. Throws when the bytes are cut short or malformed. */
export function decode<M extends Message<Fields>>(type: M, bytes: Uint8Array): Value<M> {
  return new Reader(bytes).message(type, bytes.length) as Value<M>;
}

class Reader {
  private at = 0;
  private readonly buffer: Buffer;
  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  message(type: Message<Fields>, end: number): Record<string, unknown> {
    const out = blank(type);
    const known = slotsOf(type);
    while (this.at < end) {
      const tag = this.varint();
      const slot = known.get(Math.floor(tag / 8));
      if (slot === undefined) this.skip(tag & 7);
      else if (slot.type === "map") {
        const [key, value] = this.entry();
        (out[slot.name] as Record<string, string>)[key] = value;
      } else if (typeof slot.type === "object" && "repeated" in slot.type) {
        this.items(slot.type.repeated, tag & 7, out[slot.name] as unknown[]);
      } else out[slot.name] = this.value(slot.type);
    }
    if (this.at !== end) throw new Error("protobuf: a message ends inside a field");
    return out;
  }
  private items(type: Scalar | Message<Fields>, wire: number, into: unknown[]): void {
    const packed = wire === LENGTH && typeof type === "string" && type !== "string" && type !== "bytes" && type !== "latin1";
    if (!packed) {
      into.push(this.value(type));
      return;
    }
    const end = this.end();
    while (this.at < end) into.push(this.value(type));
  }
  private entry(): [string, string] {
    const end = this.end();
    let key = "";
    let value = "";
    while (this.at < end) {
      const tag = this.varint();
      if (tag >> 3 === 1) key = this.value("string") as string;
      else if (tag >> 3 === 2) value = this.value("string") as string;
      else this.skip(tag & 7);
    }
    return [key, value];
  }
  private value(type: Scalar | Message<Fields>): unknown {
    if (typeof type === "object") {
      const end = this.end();
      return this.message(type, end);
    }
    switch (type) {
      case "string": {
        const end = this.end();
        const out = this.buffer.toString("utf8", this.at, end);
        this.at = end;
        return out;
      }
      case "latin1": {
        const end = this.end();
        const out = this.buffer.toString("latin1", this.at, end);
        this.at = end;
        return out;
      }
      case "bytes": {
        const end = this.end();
        const out = this.buffer.subarray(this.at, end);
        this.at = end;
        return out;
      }
      case "double":
        this.at += 8;
        return this.buffer.readDoubleLE(this.at - 8);
      case "bool":
        return this.varint() !== 0;
      case "int32":
        return this.varint(true) | 0;
      default:
        return this.varint(type === "int64");
    }
  }
  private varint(signed = false): number {
    let value = 0;
    let scale = 1;
    const start = this.at;
    for (;;) {
      const byte = this.buffer[this.at++];
      if (byte === undefined) throw new Error("protobuf: cut short");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
      if (this.at - start >= 10) throw new Error("protobuf: a number of more than ten bytes");
    }
    // Ten bytes: the top bit of 64 is set, so a signed number is negative.
    if (this.at - start === 10) {
      let exact = 0n;
      for (let i = 9; i >= 0; i--) exact = (exact << 7n) | BigInt(this.buffer[start + i]! & 0x7f);
      return Number(signed ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact));
    }
    return value;
  }
  private end(): number {
    const end = this.varint() + this.at;
    if (end > this.buffer.length) throw new Error("protobuf: cut short");
    return end;
  }
  private skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.at += 8;
    else if (wire === LENGTH) this.at = this.end();
    else if (wire === FIXED32) this.at += 4;
    else throw new Error(`protobuf: wire type ${wire}`);
  }
}
