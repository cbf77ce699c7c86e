/**
 * The parts of bbolt's file format (version 2, https://github.com/etcd-io/bbolt): a file of pages, of which the first two are meta
 * pages. Integers are little-endian. A page is a header of 16 bytes (id u64, flags u16, count u16, overflow u32: how many pages
 * follow that belong to it) and its content:
 *   meta      magic u32, version u32, page size u32, flags u32, root bucket (root u64, sequence u64), freelist page u64,
 *             number of pages u64, transaction u64, FNV-1a of all that stands before it u64
 *   branch    `count` elements (position u32, key size u32, page u64), then the keys
 *   leaf      `count` elements (flags u32, position u32, key size u32, value size u32), then keys and values
 *   freelist  page ids, u64
 * Positions count from the element's own start. A leaf's element whose flag is 1 is a bucket: its value is (root u64, sequence u64),
 * and where the root is 0, a whole leaf page behind it.
 */

export const PAGE_SIZE = 4096;
export const PAGE_HEADER = 16;
export const ELEMENT = 16;
export const BUCKET_HEADER = 16;
export const META_SIZE = 64;
export const BRANCH = 1;
export const LEAF = 2;
export const META = 4;
export const FREELIST = 16;
export const BUCKET_FLAG = 1;
export const MAGIC = 0xed0cdaed;
export const VERSION = 2;

/** The file is not what it should be; the message says where. */
export class BoltDamaged extends Error {}

export interface Meta {
  readonly pageSize: number;
  readonly root: number;
  readonly freelist: number;
  /** Pages of the file. */
  readonly pages: number;
  readonly transaction: number;
}

/** A header and a zeroed body of one page or more. */
export function newPage(id: number, flags: number, count: number, size: number): { bytes: Uint8Array; view: DataView } {
  const pages = Math.max(1, Math.ceil(size / PAGE_SIZE));
  const bytes = new Uint8Array(pages * PAGE_SIZE);
  const view = new DataView(bytes.buffer);
  putHeader(view, 0, id, flags, count, pages - 1);
  return { bytes, view };
}
export function putHeader(view: DataView, at: number, id: number, flags: number, count: number, overflow: number): void {
  putU64(view, at, id);
  view.setUint16(at + 8, flags, true);
  view.setUint16(at + 10, count, true);
  view.setUint32(at + 12, overflow, true);
}

export function encodeMeta(id: number, meta: Meta): Uint8Array {
  const { bytes, view } = newPage(id, META, 0, PAGE_SIZE);
  view.setUint32(16, MAGIC, true);
  view.setUint32(20, VERSION, true);
  view.setUint32(24, meta.pageSize, true);
  for (const [at, n] of [meta.root, 0, meta.freelist, meta.pages, meta.transaction].entries()) putU64(view, 32 + at * 8, n);
  view.setBigUint64(72, checksum(bytes.subarray(16, 72)), true);
  return bytes;
}
/** The meta page that begins at `bytes`; undefined where it is none, or a torn one. */
export function decodeMeta(bytes: Uint8Array): Meta | undefined {
  if (bytes.length < PAGE_HEADER + META_SIZE) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(16, true) !== MAGIC || view.getUint32(20, true) !== VERSION) return undefined;
  if (view.getBigUint64(72, true) !== checksum(bytes.subarray(16, 72))) return undefined;
  return {
    pageSize: view.getUint32(24, true),
    root: u64(view, 32),
    freelist: u64(view, 48),
    pages: u64(view, 56),
    transaction: u64(view, 64),
  };
}

/** FNV-1a of 64 bits. */
function checksum(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

export const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** Up to 2^53; more (as bbolt writes for "no page") is infinite. */
export function u64(view: DataView, at: number): number {
  const n = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
  return Number.isSafeInteger(n) ? n : Number.POSITIVE_INFINITY;
}
export function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}
/** Bytes in their order; negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
