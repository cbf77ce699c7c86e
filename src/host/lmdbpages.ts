/**
 * Reads ranges straight from the pages of LMDB's file, as its reader threads read its map: lmdb-js takes a native call, two
 * objects and a copy of key and value for every row, which is ten times what the rows themselves take. Whoever reads holds one
 * of LMDB's read transactions meanwhile, so that no page that it may come to is written to; every page says which it is and
 * which transaction wrote it, and is looked at before it is used. Layout: liblmdb's mdb.c, data version 2, little-endian.
 */
import { readSync } from "node:fs";
import { assert } from "#base/assert.ts";
import { latin1 } from "#base/bytes.ts";
import type { Row, Visit } from "#store/ports.ts";

/** A page: its number and the transaction that wrote it (8 bytes each), 2 bytes, flags, end of the places of its nodes. */
const PAGE_HEADER = 24;
const FLAGS = 18;
const LOWER = 20;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
/** A node: 4 bytes of its data's length (or, with the next 2, of a page's number), 2 of flags, 2 of its key's length, key, data. */
const NODE_HEADER = 8;
/** Its data is a page's number. */
const BIG = 1;

/** The first two pages, one of which is the newest: the size of pages, the tree's depth and root, the transaction. */
const META = { mark: 0, version: 4, pageSize: 24, depth: 78, root: 112, transaction: 128, end: 136 };
export const MARK = 0xbeefc0de;
const VERSION = 2;
const NO_PAGE = 2 ** 64;
/** Leaves that follow each other are read together, up to so many. */
const MOST_LEAVES = 16;
/** Pages that there is room for beside them: one of each level above, of which LMDB has fewer. */
const LEVELS = 32;
/** Where pages are read to, unless somebody is reading: whoever visits a row may walk, too. */
let spare: Uint8Array | undefined;

interface Snapshot {
  readonly pageSize: number;
  readonly depth: number;
  readonly root: number;
  readonly transaction: number;
}
/** One page among bytes that were read: node `i` begins at `nodes(i)`. */
interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;
  readonly count: number;
}

/**
 * Calls `visit` with the rows of [from, to), whose keys are a table's letter and the rest, in order, until it answers false.
 * `fd` is of LMDB's file, a read transaction of which is open.
 */
export function walkPages(fd: number, from: string, to: string, visit: Visit): void {
  const snapshot = newest(fd);
  if (snapshot.root >= NO_PAGE) return;
  const room = (MOST_LEAVES + LEVELS) * snapshot.pageSize;
  const bytes = spare?.length === room ? spare : new Uint8Array(room);
  spare = undefined;
  try {
    new Walk(fd, snapshot, bytes, from, to, visit).from(snapshot.root, snapshot.depth, true);
  } finally {
    spare = bytes;
  }
}

class Walk {
  private readonly fd: number;
  private readonly snapshot: Snapshot;
  private readonly first: string;
  private readonly end: string;
  private readonly visit: Visit;
  /** Leaves are read to its beginning, and behind them one page of each level above. */
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  /** How many leaves are read at once. */
  private together = 1;
  private readonly row: { -readonly [K in keyof Row]: Row[K] };

  constructor(fd: number, snapshot: Snapshot, bytes: Uint8Array, first: string, end: string, visit: Visit) {
    this.fd = fd;
    this.snapshot = snapshot;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.row = { bytes, view: this.view, keyStart: 0, keyEnd: 0, start: 0, end: 0 };
    this.first = first;
    this.end = end;
    this.visit = visit;
  }

  /** What of the range is below a page; `edge`: some of it may lie before the range. Answers whether to go on. */
  from(number: number, depth: number, edge: boolean): boolean {
    if (depth === 1) return this.leaf(this.read([number], LEAF, 0)[0]!, edge);
    const page = this.read([number], BRANCH, MOST_LEAVES + depth - 2)[0]!;
    // The first node's key stands for all that is below the second's.
    let i = edge ? Math.max(0, search(page, 1, key => key <= this.first) - 1) : 0;
    if (depth > 2) {
      for (const first = i; i < page.count; i++) if (!this.from(childOf(page, i), depth - 1, edge && i === first)) return false;
      return true;
    }
    while (i < page.count) {
      const numbers = [childOf(page, i++)];
      while (i < page.count && numbers.length < this.together && childOf(page, i) === numbers.at(-1)! + 1) numbers.push(childOf(page, i++));
      this.together = Math.min(MOST_LEAVES, this.together * 2);
      for (const leaf of this.read(numbers, LEAF, 0)) {
        if (!this.leaf(leaf, edge)) return false;
        edge = false;
      }
    }
    return true;
  }
  private leaf(page: Page, edge: boolean): boolean {
    const { view, count } = page;
    const { row } = this;
    let i = edge ? search(page, 0, key => key < this.first) : 0;
    // Where the last of its keys is within the range, all are.
    const isLast = count > 0 && keyOf(page, count - 1) >= this.end;
    const end = isLast ? search(page, i, key => key < this.end) : count;
    for (; i < end; i++) {
      const node = nodeAt(page, i);
      const key = node + NODE_HEADER;
      const data = key + view.getUint16(node + 6, true);
      const length = view.getUint32(node, true);
      // A table's letter is a key's first byte.
      row.keyStart = key + 1;
      row.keyEnd = row.start = data;
      row.end = data + length;
      if (!this.visit(view.getUint16(node + 4, true) & BIG ? this.big(row) : row)) return false;
    }
    return !isLast;
  }
  /** A row whose value has pages of its own. */
  private big({ bytes: page, keyStart, keyEnd, start, end }: Row): Row {
    const valueEnd = PAGE_HEADER + end - start;
    const bytes = new Uint8Array(valueEnd + keyEnd - keyStart);
    const view = new DataView(bytes.buffer);
    const number = long(this.view, start);
    readAll(this.fd, bytes, 0, valueEnd, number * this.snapshot.pageSize);
    this.check(view, 0, number, OVERFLOW);
    bytes.set(page.subarray(keyStart, keyEnd), valueEnd);
    return { bytes, view, keyStart: valueEnd, keyEnd: bytes.length, start: PAGE_HEADER, end: valueEnd };
  }

  /** Pages that follow each other, read to place `to` of the buffer and those behind it. */
  private read(numbers: readonly number[], kind: number, to: number): Page[] {
    const { bytes, view } = this;
    const { pageSize } = this.snapshot;
    const start = to * pageSize;
    readAll(this.fd, bytes, start, start + numbers.length * pageSize, numbers[0]! * pageSize);
    return numbers.map((number, i) => {
      const at = start + i * pageSize;
      this.check(view, at, number, kind);
      return { bytes, view, at: at + PAGE_HEADER, count: view.getUint16(at + LOWER, true) >> 1 };
    });
  }
  private check(view: DataView, at: number, number: number, kind: number): void {
    assert(long(view, at) === number && (view.getUint16(at + FLAGS, true) & kind) !== 0, "a page of the index is what it is read as");
    assert(long(view, at + 8) <= this.snapshot.transaction, "no page of the index is newer than the snapshot that is read");
  }
}

const nodeAt = ({ view, at }: Page, i: number) => at + view.getUint16(at + 2 * i, true);
function keyOf(page: Page, i: number): string {
  const key = nodeAt(page, i) + NODE_HEADER;
  return latin1(page.bytes, key, key + page.view.getUint16(key - 2, true));
}
function childOf(page: Page, i: number): number {
  const node = nodeAt(page, i);
  return page.view.getUint32(node, true) + page.view.getUint16(node + 4, true) * 2 ** 32;
}
/** The first node from `low` on whose key is not `before`. */
function search(page: Page, low: number, before: (key: string) => boolean): number {
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(keyOf(page, middle))) low = middle + 1;
    else high = middle;
  }
  return low;
}
const long = (view: DataView, at: number) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;

/** The newest of the two that the file says. One that is being written meanwhile does not read twice as the same. */
function newest(fd: number): Snapshot {
  let last: Snapshot | undefined;
  for (;;) {
    const one = metaAt(fd, 0);
    const other = metaAt(fd, one.pageSize);
    const found = one.transaction > other.transaction ? one : other;
    if (found.transaction === last?.transaction && found.root === last.root && found.depth === last.depth) return found;
    last = found;
  }
}
const meta = new DataView(new ArrayBuffer(META.end));
const metaBytes = new Uint8Array(meta.buffer);
function metaAt(fd: number, at: number): Snapshot {
  readAll(fd, metaBytes, 0, META.end, at + PAGE_HEADER);
  const view = meta;
  assert(view.getUint32(META.mark, true) === MARK && view.getUint32(META.version, true) === VERSION, "the index has LMDB's layout 2");
  return {
    pageSize: view.getUint32(META.pageSize, true),
    depth: view.getUint16(META.depth, true),
    root: long(view, META.root),
    transaction: long(view, META.transaction),
  };
}
/** Fills [from, to) of `bytes` with what is in the file from `at` on. */
function readAll(fd: number, bytes: Uint8Array, from: number, to: number, at: number): void {
  for (let got = from; got < to; ) {
    const read = readSync(fd, bytes, got, to - got, at + got - from);
    assert(read > 0, "the index ends behind its last page");
    got += read;
  }
}
