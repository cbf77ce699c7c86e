import type { Entry, Key, Lease, Revision, StoreEvent } from "./contract.ts";
import { tombstone } from "./txn.ts";

/** What one step of the store changes; the log is a sequence of these. */
export type LogRecord =
  | { readonly kind: "events"; readonly revision: Revision; readonly events: readonly StoreEvent[]; readonly revoked?: number }
  | { readonly kind: "grant"; readonly lease: Lease }
  | { readonly kind: "compact"; readonly revision: Revision }
  /** An entry of another store, from before the revisions that follow. */
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "meta"; readonly name: string; readonly value?: Uint8Array };

const EVENTS = 1;
const GRANT = 2;
const COMPACT = 3;
const META = 4;
const ENTRY = 5;
const PUT = 1;

/** Bytes written one after another into a buffer that grows. */
export class Writer {
  bytes: Uint8Array;
  at = 0;
  private view: DataView;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
  private need(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
  u8(value: number): void {
    this.need(1);
    this.bytes[this.at++] = value;
  }
  u32(value: number): void {
    this.need(4);
    this.view.setUint32(this.at, value);
    this.at += 4;
  }
  /** A whole number up to 2^53. */
  number(value: number): void {
    this.need(8);
    this.view.setFloat64(this.at, value);
    this.at += 8;
  }
  key(key: Key): void {
    this.u32(key.length);
    this.need(key.length);
    for (let i = 0; i < key.length; i++) this.bytes[this.at + i] = key.charCodeAt(i);
    this.at += key.length;
  }
  blob(value: Uint8Array): void {
    this.u32(value.length);
    this.raw(value);
  }
  raw(value: Uint8Array): void {
    this.need(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }
  setU32(at: number, value: number): void {
    this.view.setUint32(at, value);
  }
  done(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

/** Reads what Writer wrote; throws RangeError beyond the end. */
export class Reader {
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  u8(): number {
    return this.view.getUint8(this.at++);
  }
  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4);
  }
  number(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8);
  }
  key(): Key {
    return latin1(this.blob());
  }
  /** A view of the bytes read, not a copy. */
  blob(): Uint8Array {
    const length = this.u32();
    if (length > this.left) throw new RangeError("a length reaches beyond the record");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
/** Bytes as a key. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 1024) out += String.fromCharCode(...bytes.subarray(i, i + 1024));
  return out;
}
/** The way back: one byte a code unit. */
export function latin1Bytes(key: Key): Uint8Array {
  const out = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) out[i] = key.charCodeAt(i);
  return out;
}

/** Appends `record` to `writer`. The entries an event replaced are left out: the state before it has them. */
export function encodeRecord(writer: Writer, record: LogRecord): void {
  if (record.kind === "grant") {
    writer.u8(GRANT);
    writer.number(record.lease.id);
    writer.number(record.lease.ttl);
  } else if (record.kind === "compact") {
    writer.u8(COMPACT);
    writer.number(record.revision);
  } else if (record.kind === "entry") {
    writer.u8(ENTRY);
    writer.key(record.entry.key);
    encodeEntry(writer, record.entry);
  } else if (record.kind === "meta") {
    writer.u8(META);
    writer.key(record.name);
    writer.u8(record.value ? PUT : 0);
    if (record.value) writer.blob(record.value);
  } else {
    writer.u8(EVENTS);
    writer.number(record.revision);
    writer.number(record.revoked ?? 0);
    writer.u32(record.events.length);
    for (const { type, entry } of record.events) {
      writer.u8(type === "put" ? PUT : 0);
      writer.key(entry.key);
      if (type === "put") encodeEntry(writer, entry);
    }
  }
}
/** The records of one frame. Throws when they are not well-formed. */
export function* decodeRecords(bytes: Uint8Array): Generator<LogRecord> {
  const reader = new Reader(bytes);
  while (reader.left > 0) {
    const kind = reader.u8();
    if (kind === GRANT) yield { kind: "grant", lease: { id: reader.number(), ttl: reader.number() } };
    else if (kind === COMPACT) yield { kind: "compact", revision: reader.number() };
    else if (kind === ENTRY) yield { kind: "entry", entry: decodeEntry(reader.key(), reader) };
    else if (kind === META) {
      const name = reader.key();
      yield { kind: "meta", name, ...(reader.u8() === PUT && { value: reader.blob() }) };
    } else if (kind === EVENTS) {
      const revision = reader.number();
      const revoked = reader.number();
      const events: StoreEvent[] = [];
      for (let left = reader.u32(); left > 0; left--) {
        const put = reader.u8() === PUT;
        const key = reader.key();
        if (put) events.push({ type: "put", entry: decodeEntry(key, reader) });
        else events.push({ type: "delete", entry: tombstone(key, revision) });
      }
      yield { kind: "events", revision, events, ...(revoked && { revoked }) };
    } else throw new RangeError(`no record has the kind ${kind}`);
  }
}

export function encodeEntry(writer: Writer, entry: Entry): void {
  writer.number(entry.createRevision);
  writer.number(entry.modRevision);
  writer.number(entry.version);
  writer.number(entry.lease);
  writer.blob(entry.value);
}
export function decodeEntry(key: Key, reader: Reader): Entry {
  return {
    key,
    createRevision: reader.number(),
    modRevision: reader.number(),
    version: reader.number(),
    lease: reader.number(),
    value: reader.blob(),
  };
}

/** Eight bytes that order as numbers do. */
export function numberKey(n: number): Key {
  const high = Math.floor(n / 0x1_0000_0000);
  const low = n >>> 0;
  return String.fromCharCode(
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  );
}
export function numberOfKey(key: Key, at = 0): number {
  let n = 0;
  for (let i = at; i < at + 8; i++) n = n * 256 + key.charCodeAt(i);
  return n;
}
/** `key` with an end mark, so that what follows cannot be taken for part of it and order is kept. */
export function terminated(key: Key): Key {
  return `${key.includes("\0") ? key.replaceAll("\0", "\0\xff") : key}\0\x01`;
}
/** The key of a past entry without its `until`. */
export function unterminated(key: Key): Key {
  return key.replaceAll("\0\xff", "\0");
}
