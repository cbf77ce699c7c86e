/** Protocol buffers (proto3 wire format), written: sizes first, so that each message is written once, into bytes of its own length. */
import type { Fields, FieldType, Input, Message, Scalar } from "#base/message.ts";
import { FIXED64, LENGTH, VARINT } from "./protobuf.ts";

/** What a field needs in order to be written: its tag, and how. */
interface Step {
  readonly name: string;
  readonly tag: number;
  readonly tagSize: number;
  readonly type: Scalar | "map" | "message";
  readonly repeated: boolean;
  /** Of a message. */
  readonly steps: () => readonly Step[];
}
type Fielded = Readonly<Record<string, unknown>>;

const known = new WeakMap<Message<Fields>, readonly Step[]>();
function stepsOf(type: Message<Fields>): readonly Step[] {
  let steps = known.get(type);
  if (steps === undefined) {
    steps = Object.entries(type.fields()).map(([name, [number, given]]) => stepOf(name, number, given));
    known.set(type, steps);
  }
  return steps;
}
function stepOf(name: string, number: number, given: FieldType): Step {
  const repeated = typeof given === "object" && "repeated" in given;
  const item = repeated ? given.repeated : given;
  const tag = number * 8 + wireOf(item);
  const own = { name, tag, tagSize: varintSize(tag), repeated };
  if (typeof item !== "object") return { ...own, type: item, steps: () => [] };
  let steps: readonly Step[] | undefined;
  // A message may hold itself.
  return { ...own, type: "message", steps: () => (steps ??= stepsOf(item as Message<Fields>)) };
}
function wireOf(type: FieldType): number {
  if (type === "double") return FIXED64;
  return typeof type === "object" || type === "map" || type === "string" || type === "bytes" || type === "latin1" ? LENGTH : VARINT;
}
function varintSize(value: number): number {
  if (value < 0x80) return value < 0 ? 10 : 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 4;
  // Beyond what is exact, the bits tell.
  if (value > Number.MAX_SAFE_INTEGER) return Math.max(1, Math.ceil(BigInt.asUintN(64, BigInt(value)).toString(2).length / 7));
  for (let rest = value / 0x1000_0000; rest >= 1; rest /= 0x80) size++;
  return size;
}
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const isSmall = (id: bigint) => id >= 0n && id <= MAX_SAFE;
function idSize(id: bigint): number {
  if (isSmall(id)) return varintSize(Number(id));
  return id < 0n ? 10 : id < 2n ** 56n ? 8 : 9;
}

/** Beside a field's own bytes, its length. */
const counted = (size: number) => varintSize(size) + size;

class Writer {
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  /** The sizes of nested messages and strings, in the order in which they are written. */
  private readonly sizes: number[] = [];
  private next = 0;
  /** Values of at least this many bytes stand by themselves; their bytes in all; what has been put together so far. */
  private apart = 0;
  private away = 0;
  private parts: Uint8Array[] = [];
  private from = 0;

  /** The message's bytes behind `before` that are left to the caller, in parts that follow each other; values of `apart` bytes as they lie. */
  write(before: number, type: Message<Fields>, value: Fielded, apart: number): Uint8Array[] {
    const steps = stepsOf(type);
    this.apart = apart;
    this.away = this.next = this.from = 0;
    const total = before + this.sizeOf(steps, value);
    this.buffer = Buffer.allocUnsafe(total - this.away);
    this.next = 0;
    this.at = before;
    this.parts = [];
    this.message(steps, value);
    const { parts, buffer, from } = this;
    if (from < buffer.length || parts.length === 0) parts.push(from === 0 ? buffer : buffer.subarray(from));
    this.parts = [];
    return parts;
  }

  private sizeOf(steps: readonly Step[], value: Fielded): number {
    let size = 0;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const field = value[step.name];
      if (field === undefined) continue;
      if (step.repeated) for (const item of field as unknown[]) size += step.tagSize + this.sizeOfOne(step, item);
      else if (step.type === "map") size += this.sizeOfMap(step, field as Readonly<Record<string, string>>);
      else if (!isDefault(step.type, field)) size += step.tagSize + this.sizeOfOne(step, field);
    }
    return size;
  }
  private sizeOfOne(step: Step, value: unknown): number {
    switch (step.type) {
      case "message": {
        const place = this.next++;
        const size = this.sizeOf(step.steps(), value as Fielded);
        this.sizes[place] = size;
        return counted(size);
      }
      case "bytes": {
        const { length } = value as Uint8Array;
        if (length >= this.apart) this.away += length;
        return counted(length);
      }
      case "latin1":
        return counted((value as string).length);
      case "string":
        return counted(this.utf8Size(value as string));
      case "double":
        return 8;
      case "id64":
        return idSize(value as bigint);
      default:
        return varintSize(Number(value));
    }
  }
  private sizeOfMap(step: Step, map: Readonly<Record<string, string>>): number {
    let size = 0;
    for (const [key, item] of Object.entries(map)) {
      const place = this.next++;
      const own = 2 + counted(this.utf8Size(key)) + counted(this.utf8Size(item));
      this.sizes[place] = own;
      size += step.tagSize + counted(own);
    }
    return size;
  }
  private utf8Size(text: string): number {
    const size = Buffer.byteLength(text);
    this.sizes[this.next++] = size;
    return size;
  }

  private message(steps: readonly Step[], value: Fielded): void {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const field = value[step.name];
      if (field === undefined) continue;
      if (step.repeated) for (const item of field as unknown[]) this.one(step, item);
      else if (step.type === "map") this.map(step, field as Readonly<Record<string, string>>);
      else if (!isDefault(step.type, field)) this.one(step, field);
    }
  }
  private one(step: Step, value: unknown): void {
    this.varint(step.tag);
    switch (step.type) {
      case "message":
        this.varint(this.sizes[this.next++]!);
        this.message(step.steps(), value as Fielded);
        return;
      case "bytes":
        this.bytes(value as Uint8Array);
        return;
      case "latin1": {
        const { length } = value as string;
        this.varint(length);
        this.buffer.write(value as string, this.at, length, "latin1");
        this.at += length;
        return;
      }
      case "string":
        this.string(value as string);
        return;
      case "double":
        this.at = this.buffer.writeDoubleLE(value as number, this.at);
        return;
      case "id64":
        if (isSmall(value as bigint)) this.varint(Number(value));
        else this.large(value as bigint);
        return;
      default:
        this.varint(Number(value));
    }
  }
  private map(step: Step, map: Readonly<Record<string, string>>): void {
    for (const [key, item] of Object.entries(map)) {
      this.varint(step.tag);
      this.varint(this.sizes[this.next++]!);
      this.varint((1 << 3) | LENGTH);
      this.string(key);
      this.varint((2 << 3) | LENGTH);
      this.string(item);
    }
  }
  private bytes(value: Uint8Array): void {
    const { length } = value;
    this.varint(length);
    if (length < this.apart) {
      this.buffer.set(value, this.at);
      this.at += length;
      return;
    }
    this.parts.push(this.buffer.subarray(this.from, this.at), value);
    this.from = this.at;
  }
  private string(text: string): void {
    const size = this.sizes[this.next++]!;
    this.varint(size);
    this.buffer.write(text, this.at, size, "utf8");
    this.at += size;
  }
  private varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) return this.large(BigInt(value));
    const { buffer } = this;
    let { at } = this;
    while (value > 0x7fff_ffff) {
      buffer[at++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    while (value > 0x7f) {
      buffer[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    buffer[at++] = value;
    this.at = at;
  }
  private large(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) this.buffer[this.at++] = Number(rest & 0x7fn) | 0x80;
    this.buffer[this.at++] = Number(rest);
  }
}
// Each comparison is of one kind of values: one for all kinds takes several times as long.
function isDefault(type: Step["type"], value: unknown): boolean {
  switch (type) {
    case "message":
    case "map":
      return false;
    case "bytes":
      return (value as Uint8Array).length === 0;
    case "string":
    case "latin1":
      return (value as string).length === 0;
    case "bool":
      return value === false;
    case "id64":
      return value === 0n;
    default:
      return (value as number) === 0;
  }
}
const writer = new Writer();

/** The bytes of a message; fields that are undefined or hold the default are left out. */
export function encode<M extends Message<Fields>>(type: M, value: Input<M>): Buffer {
  return writer.write(0, type, value as Fielded, Number.POSITIVE_INFINITY)[0] as Buffer;
}
/**
 * The same behind `before` bytes, which are the caller's to fill, in parts that follow each other: values of at least `apart`
 * bytes are parts of their own, not copied.
 */
export function encodeParts<M extends Message<Fields>>(before: number, type: M, value: Input<M>, apart: number): readonly Uint8Array[] {
  return writer.write(before, type, value as Fielded, apart);
}
