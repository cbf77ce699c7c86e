import { latin1, writeLatin1 } from "#base/bytes.ts";
import type { Key, Lease, LeaseId, Placed, Revision, StoreEvent } from "./contract.ts";
import { NO_VALUE } from "./txn.ts";
import { isDead, type Link, type Place, type Version } from "./version.ts";

/** What one step of the store changes; the log is a sequence of these. */
export type LogRecord =
  /** All but keys, as it stands where a segment begins. */
  | { readonly kind: "head"; readonly head: Head }
  | { readonly kind: "events"; readonly revision: Revision; readonly events: readonly LogEvent[]; readonly revoked?: LeaseId }
  | { readonly kind: "grant"; readonly lease: Lease }
  /** `oldest`: the first revision whose events are still there. */
  | { readonly kind: "compact"; readonly revision: Revision; readonly oldest: Revision }
  | { readonly kind: "meta"; readonly name: string; readonly value?: Uint8Array }
  /** A version that lay in a segment that is to go, or came from another store; `until` 0: it is its key's newest. */
  | { readonly kind: "moved"; readonly until: Revision; readonly version: Version };
/** An event whose entry the log has, or is about to have. */
export type LogEvent = StoreEvent & { readonly entry: Version; readonly link?: Link };
export interface Head {
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly oldest: Revision;
  readonly lastLease: number;
  readonly leases: readonly Lease[];
  readonly meta: readonly (readonly [name: string, value: Uint8Array])[];
}

const EVENTS = 1;
const GRANT = 2;
const COMPACT = 3;
const META = 4;
const MOVED = 5;
const HEAD = 6;
export const PUT = 1;
export const LINK = 2;
export const SUB = 4;

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
  lease(id: LeaseId): void {
    this.need(8);
    this.view.setBigInt64(this.at, id);
    this.at += 8;
  }
  place(modRevision: Revision, segment: number, at: number, size: number): void {
    this.need(PLACE_SIZE);
    const { view } = this;
    view.setFloat64(this.at, modRevision);
    view.setUint32(this.at + 8, segment);
    view.setUint32(this.at + 12, at);
    view.setUint32(this.at + 16, size);
    this.at += PLACE_SIZE;
  }
  key(key: Key): void {
    this.u32(key.length);
    this.need(key.length);
    writeLatin1(this.bytes, this.at, key);
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
  private end: number;
  private bytes: Uint8Array;
  private view: DataView;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }
  /** The same reader, at the beginning of a part of other bytes. */
  over(bytes: Uint8Array, from = 0, to = bytes.length): this {
    // A view takes longer to make than a row to read, and rows that are read in turn are parts of the same bytes.
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.at = from;
    this.end = to;
    return this;
  }
  get left(): number {
    return this.end - this.at;
  }
  u8(): number {
    return this.view.getUint8(this.pass(1));
  }
  u32(): number {
    return this.view.getUint32(this.pass(4));
  }
  number(): number {
    return this.view.getFloat64(this.pass(8));
  }
  lease(): LeaseId {
    const at = this.pass(8);
    // Most have none, and a bigint is made each time.
    return this.view.getUint32(at) === 0 && this.view.getUint32(at + 4) === 0 ? 0n : this.view.getBigInt64(at);
  }
  key(): Key {
    const length = this.length();
    this.at += length;
    return latin1(this.bytes, this.at - length, this.at);
  }
  /** A view of the bytes read, not a copy. */
  blob(): Uint8Array {
    const length = this.length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  private length(): number {
    const length = this.u32();
    if (length > this.left) throw new RangeError("a length reaches beyond the record");
    return length;
  }
  /** Passes over so many bytes; where they begin. */
  private pass(count: number): number {
    const { at } = this;
    if (at + count > this.end) throw new RangeError("the record ends early");
    this.at = at + count;
    return at;
  }
}

/**
 * Appends `record` to `writer`, whose first byte is to be byte `base` of `segment`; the versions in it learn their places.
 * What an event replaced is kept as a link to its cell.
 */
export function encodeRecord(writer: Writer, record: LogRecord, segment: number, base: number): void {
  if (record.kind === "grant") {
    writer.u8(GRANT);
    writer.lease(record.lease.id);
    writer.number(record.lease.ttl);
  } else if (record.kind === "compact") {
    writer.u8(COMPACT);
    writer.number(record.revision);
    writer.number(record.oldest);
  } else if (record.kind === "meta") {
    writer.u8(META);
    writer.key(record.name);
    writer.u8(record.value ? PUT : 0);
    if (record.value) writer.blob(record.value);
  } else if (record.kind === "moved") {
    writer.u8(MOVED);
    writer.number(record.until);
    placeCell(writer, record.version, segment, base);
  } else if (record.kind === "head") {
    const { head } = record;
    writer.u8(HEAD);
    for (const n of [head.revision, head.compacted, head.oldest, head.lastLease, head.leases.length, head.meta.length]) writer.number(n);
    for (const { id, ttl } of head.leases) {
      writer.lease(id);
      writer.number(ttl);
    }
    for (const [name, value] of head.meta) {
      writer.key(name);
      writer.blob(value);
    }
  } else {
    writer.u8(EVENTS);
    writer.number(record.revision);
    writer.lease(record.revoked ?? 0n);
    writer.u32(record.events.length);
    for (const { entry } of record.events) placeCell(writer, entry, segment, base);
  }
}
function placeCell(writer: Writer, version: Version, segment: number, base: number): void {
  const start = writer.at;
  encodeCell(writer, version);
  version.segment = segment;
  version.at = base + start;
  version.size = writer.at - start;
}
/** The records of one frame, whose body begins at byte `base` of `segment`. Throws when they are not well-formed. */
export function* decodeRecords(bytes: Uint8Array, segment: number, base: number): Generator<LogRecord> {
  const reader = new Reader(bytes);
  const cell = () => decodeCell(reader, segment, base);
  while (reader.left > 0) {
    const kind = reader.u8();
    if (kind === GRANT) yield { kind: "grant", lease: { id: reader.lease(), ttl: reader.number() } };
    else if (kind === COMPACT) yield { kind: "compact", revision: reader.number(), oldest: reader.number() };
    else if (kind === MOVED) yield { kind: "moved", until: reader.number(), version: cell().version };
    else if (kind === HEAD) yield { kind: "head", head: decodeHead(reader) };
    else if (kind === META) {
      const name = reader.key();
      yield { kind: "meta", name, ...(reader.u8() === PUT && { value: reader.blob() }) };
    } else if (kind === EVENTS) {
      const revision = reader.number();
      const revoked = reader.lease();
      const events: LogEvent[] = [];
      for (let left = reader.u32(); left > 0; left--) {
        const { version, link } = cell();
        if (version.modRevision !== revision) throw new RangeError(`revision ${revision} holds an event of ${version.modRevision}`);
        events.push({ type: isDead(version) ? "delete" : "put", entry: version, ...(link && { link }) });
      }
      yield { kind: "events", revision, events, ...(revoked && { revoked }) };
    } else throw new RangeError(`no record has the kind ${kind}`);
  }
}
function decodeHead(reader: Reader): Head {
  const [revision, compacted, oldest, lastLease] = [reader.number(), reader.number(), reader.number(), reader.number()];
  const counts = [reader.number(), reader.number()] as const;
  const leases = Array.from({ length: counts[0] }, () => ({ id: reader.lease(), ttl: reader.number() }));
  const meta = Array.from({ length: counts[1] }, () => [reader.key(), reader.blob()] as const);
  return { revision, compacted, oldest, lastLease, leases, meta };
}

/** One version in the log, readable by itself. */
function encodeCell(writer: Writer, version: Version): void {
  const { before, sub } = version;
  writer.u8((isDead(version) ? 0 : PUT) | (before ? LINK : 0) | (sub > 0 ? SUB : 0));
  writer.number(version.modRevision);
  writer.key(version.key);
  if (before) encodePlace(writer, before);
  if (sub > 0) writer.u32(sub);
  if (isDead(version)) return;
  writer.number(version.createRevision);
  writer.number(version.version);
  writer.lease(version.lease);
  writer.blob(version.value);
}
/** Bytes of a version's cell. */
export const cellSize = (version: Version): number =>
  13 +
  version.key.length +
  (version.before ? PLACE_SIZE : 0) +
  (version.sub > 0 ? SUB_SIZE : 0) +
  (isDead(version) ? 0 : 28 + version.value.length);
/** Reads a cell; its value is a part of what is read. `base`: the reader's first byte in `segment`. */
export function decodeCell(reader: Reader, segment: number, base: number): { version: Version; link?: Link } {
  const start = reader.at;
  const flags = reader.u8();
  const modRevision = reader.number();
  const key = reader.key();
  const link = flags & LINK ? decodePlace(reader) : undefined;
  const sub = flags & SUB ? reader.u32() : 0;
  const put = (flags & PUT) !== 0;
  const version: Version = {
    key,
    value: NO_VALUE,
    createRevision: put ? reader.number() : 0,
    modRevision,
    version: put ? reader.number() : 0,
    lease: put ? reader.lease() : 0n,
    segment,
    at: base + start,
    size: 0,
    sub,
    before: undefined,
  };
  if (put) version.value = reader.blob();
  version.size = reader.at - start;
  return { version, ...(link && { link }) };
}
export const PLACE_SIZE = 20;
export const SUB_SIZE = 4;
export function encodePlace(writer: Writer, { modRevision, segment, at, size }: Place & { modRevision: Revision }): void {
  writer.place(modRevision, segment, at, size);
}
export const decodePlace = (reader: Reader): Link => ({
  modRevision: reader.number(),
  segment: reader.u32(),
  at: reader.u32(),
  size: reader.u32(),
});

/** An entry but for its key, as it is sorted. */
export function encodeEntry(writer: Writer, entry: Placed): void {
  writer.number(entry.createRevision);
  writer.number(entry.modRevision);
  writer.number(entry.version);
  writer.lease(entry.lease);
  writer.blob(entry.value);
  writer.u32(entry.sub ?? 0);
}

export function decodeEntry(key: Key, reader: Reader): Placed {
  return {
    key,
    createRevision: reader.number(),
    modRevision: reader.number(),
    version: reader.number(),
    lease: reader.lease(),
    value: reader.blob(),
    sub: reader.u32(),
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

/** Eight bytes of a lease's id. */
export function leaseKey(id: LeaseId): Key {
  const bits = BigInt.asUintN(64, id);
  return numberKey(Number(bits >> 32n) * 0x1_0000_0000).slice(0, 4) + numberKey(Number(bits & 0xffff_ffffn)).slice(4);
}
export function leaseOfKey(key: Key): LeaseId {
  const half = (at: number) => BigInt(numberOfKey(`\0\0\0\0${key.slice(at, at + 4)}`));
  return BigInt.asIntN(64, (half(0) << 32n) | half(4));
}
