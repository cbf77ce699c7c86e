/**
 * Protocol buffers (proto3 wire format), read: messages are written as tables (base/message.ts). 64-bit integers are JavaScript
 * numbers: exact up to 2^53, rounded above (nanosecond timestamps lose less than a microsecond); those of type `id64` are bigints. protobufwriter.ts writes them.
 */
import type { Fields, FieldType, Message, Scalar, Value } from "#base/message.ts";

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
const FIXED32 = 5;

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
  if (type === "id64") return 0n;
  return type === "bytes" ? NO_BYTES : 0;
}
const NO_BYTES = new Uint8Array(0);
/** Bytes of a varint that a number holds exactly. */
const EXACT_BYTES = 7;
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
      case "id64":
        return this.id();
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
      const exact = this.since(start);
      return Number(signed ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact));
    }
    return value;
  }
  private id(): bigint {
    const start = this.at;
    const value = this.varint();
    return this.at - start <= EXACT_BYTES ? BigInt(value) : BigInt.asIntN(64, this.since(start));
  }
  /** All bits of the varint that has just been read. */
  private since(start: number): bigint {
    let exact = 0n;
    for (let i = this.at - 1; i >= start; i--) exact = (exact << 7n) | BigInt(this.buffer[i]! & 0x7f);
    return exact;
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
