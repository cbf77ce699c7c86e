/**
 * Protocol buffers (proto3 wire format) for messages that are written as tables (base/message.ts). 64-bit integers are JavaScript
 * numbers: exact up to 2^53, rounded above (nanosecond timestamps lose less than a microsecond).
 */
import type { Fields, FieldType, Input, Message, Scalar, Value } from "#base/message.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** What a field needs in order to be written: its tag, and how. */
interface Step {
  readonly name: string;
  readonly tag: number;
  readonly type: Scalar | "map" | Message<Fields>;
  readonly repeated: boolean;
}
const steps = new WeakMap<Message<Fields>, readonly Step[]>();
function stepsOf(type: Message<Fields>): readonly Step[] {
  let known = steps.get(type);
  if (known === undefined) {
    known = Object.entries(type.fields()).map(([name, [number, given]]) => {
      const repeated = typeof given === "object" && "repeated" in given;
      const item = repeated ? given.repeated : given;
      return { name, tag: number * 8 + wireOf(item), type: item, repeated };
    });
    steps.set(type, known);
  }
  return known;
}
function wireOf(type: FieldType): number {
  if (type === "double") return FIXED64;
  return typeof type === "object" || type === "map" || type === "string" || type === "bytes" || type === "latin1" ? LENGTH : VARINT;
}

/** Bytes that one message is first given; what grew beyond `KEPT` is handed out, not kept. */
const SCRATCH = 64 * 1024;
const KEPT = 1024 * 1024;

/** One buffer for all messages: they are written one after another, and copied out whole. */
class Writer {
  private buffer = Buffer.allocUnsafeSlow(SCRATCH);
  private length = 0;

  /** The bytes of a message behind `before` bytes that are left to the caller. */
  write(before: number, type: Message<Fields>, value: Readonly<Record<string, unknown>>): Buffer {
    this.length = before;
    this.message(stepsOf(type), value);
    const { buffer, length } = this;
    if (buffer.length > KEPT) {
      this.buffer = Buffer.allocUnsafeSlow(KEPT);
      return buffer.subarray(0, length);
    }
    const out = Buffer.allocUnsafe(length);
    buffer.copy(out, before, before, length);
    return out;
  }

  private message(fields: readonly Step[], value: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < fields.length; i++) {
      const { name, tag, type, repeated } = fields[i]!;
      const field = value[name];
      if (field === undefined) continue;
      if (repeated) for (const item of field as unknown[]) this.one(tag, type, item);
      else if (typeof type === "object" || type === "map" || !isDefault(field)) this.one(tag, type, field);
    }
  }
  private one(tag: number, type: Step["type"], value: unknown): void {
    if (typeof type === "object") {
      this.varint(tag);
      const start = this.begin();
      this.message(stepsOf(type), value as Record<string, unknown>);
      this.end(start);
      return;
    }
    switch (type) {
      case "map":
        for (const [key, item] of Object.entries(value as Record<string, string>)) {
          this.varint(tag);
          const start = this.begin();
          this.varint((1 << 3) | LENGTH);
          this.string(key);
          this.varint((2 << 3) | LENGTH);
          this.string(item);
          this.end(start);
        }
        return;
      case "string":
        this.varint(tag);
        this.string(value as string);
        return;
      case "bytes":
        this.varint(tag);
        this.bytes(value as Uint8Array);
        return;
      case "latin1":
        this.varint(tag);
        this.latin1(value as string);
        return;
      case "double":
        this.varint(tag);
        this.room(8);
        this.length = this.buffer.writeDoubleLE(value as number, this.length);
        return;
      default:
        this.varint(tag);
        this.varint(Number(value));
    }
  }
  /** A nested message: one byte for its length, more when it turns out long. */
  private begin(): number {
    this.room(1);
    return ++this.length;
  }
  private end(start: number): void {
    const size = this.length - start;
    if (size < 0x80) {
      this.buffer[start - 1] = size;
      return;
    }
    const more = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
    this.room(more);
    this.buffer.copyWithin(start + more, start, this.length);
    this.length = start - 1;
    this.varint(size);
    this.length += size;
  }
  private room(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + size));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
  private varint(value: number): void {
    this.room(10);
    const { buffer } = this;
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 0x7fn) {
        buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      buffer[this.length++] = Number(rest);
      return;
    }
    while (value > 0x7fff_ffff) {
      buffer[this.length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    while (value > 0x7f) {
      buffer[this.length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    buffer[this.length++] = value;
  }
  private bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.room(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }
  private string(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.room(size);
    this.buffer.write(value, this.length, size);
    this.length += size;
  }
  private latin1(value: string): void {
    this.varint(value.length);
    this.room(value.length);
    this.buffer.write(value, this.length, "latin1");
    this.length += value.length;
  }
}
const writer = new Writer();

/** The bytes of a message; fields that are undefined or hold the default are left out. */
export function encode<M extends Message<Fields>>(type: M, value: Input<M>): Buffer {
  return writer.write(0, type, value as Readonly<Record<string, unknown>>);
}
/** The same behind `before` bytes, which are the caller's to fill. */
export function encodeBehind<M extends Message<Fields>>(before: number, type: M, value: Input<M>): Buffer {
  return writer.write(before, type, value as Readonly<Record<string, unknown>>);
}
function isDefault(value: unknown): boolean {
  return value === 0 || value === "" || value === false || (value instanceof Uint8Array && value.length === 0);
}

interface Slot {
  readonly name: string;
  readonly type: FieldType;
}
/** How a message is read: its fields by number, an empty one to begin with, and what of that must not be shared. */
interface Shape {
  readonly slots: readonly (Slot | undefined)[];
  readonly empty: Readonly<Record<string, unknown>>;
  readonly lists: readonly string[];
  readonly maps: readonly string[];
}
const shapes = new WeakMap<Message<Fields>, Shape>();
function shapeOf(type: Message<Fields>): Shape {
  let known = shapes.get(type);
  if (known === undefined) {
    const slots: Slot[] = [];
    const empty: Record<string, unknown> = {};
    const lists: string[] = [];
    const maps: string[] = [];
    for (const [name, [number, fieldType]] of Object.entries(type.fields())) {
      slots[number] = { name, type: fieldType };
      empty[name] = defaultOf(fieldType);
      if (fieldType === "map") maps.push(name);
      else if (typeof fieldType === "object" && "repeated" in fieldType) lists.push(name);
    }
    known = { slots, empty, lists, maps };
    shapes.set(type, known);
  }
  return known;
}
function defaultOf(type: FieldType): unknown {
  if (typeof type === "object" || type === "map") return undefined;
  if (type === "string" || type === "latin1") return "";
  if (type === "bool") return false;
  return type === "bytes" ? NO_BYTES : 0;
}
const NO_BYTES = new Uint8Array(0);
function blank({ empty, lists, maps }: Shape): Record<string, unknown> {
  const out: Record<string, unknown> = { ...empty };
  for (let i = 0; i < lists.length; i++) out[lists[i]!] = [];
  for (let i = 0; i < maps.length; i++) out[maps[i]!] = {};
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
    const shape = shapeOf(type);
    const out = blank(shape);
    const { slots } = shape;
    while (this.at < end) {
      const tag = this.varint();
      const slot = slots[Math.floor(tag / 8)];
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
