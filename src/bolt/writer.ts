import { assert } from "#base/assert.ts";
import {
  BRANCH,
  BUCKET_FLAG,
  BUCKET_HEADER,
  compareBytes,
  ELEMENT,
  encodeMeta,
  FREELIST,
  LEAF,
  newPage,
  PAGE_HEADER,
  PAGE_SIZE,
  putHeader,
  putU64,
  viewOf,
} from "./format.ts";

/** Where the file goes: from its third page to its end in order, and last of all its first two pages. */
export interface BoltSink {
  write(at: number, bytes: Uint8Array): Promise<void>;
}
/** A branch being filled: the first key of each child. */
interface Level {
  readonly keys: Uint8Array[];
  readonly pages: number[];
  size: number;
}
interface LeafItem {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
}
/** A bucket no larger than this lies in its parent's page. */
const INLINE = PAGE_SIZE / 4;
const MAX_KEY = 32768;
/** Pages gathered into one write. */
const GATHER = 64;

/**
 * Writes a fresh file, compact: every page full, nothing free. Buckets come in any order, a bucket's keys in the order of their bytes;
 * what is held in memory is one page a level of the tree, and what waits to be written.
 */
export class BoltWriter {
  private readonly sink: BoltSink;
  private next = 2;
  private waiting: Uint8Array[] = [];
  private waitingPages = 0;
  private readonly buckets: LeafItem[] = [];
  private bucketName: Uint8Array | undefined;
  private leaf: LeafItem[] = [];
  private leafSize = PAGE_HEADER;
  private lastKey: Uint8Array | undefined;
  private levels: Level[] = [];

  constructor(sink: BoltSink) {
    this.sink = sink;
  }
  /** Begins the next bucket. */
  async bucket(name: Uint8Array): Promise<void> {
    await this.endBucket();
    assert(name.length > 0, "a bucket has a name");
    this.bucketName = name;
  }
  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    assert(this.bucketName, "a key belongs in a bucket");
    assert(key.length > 0 && key.length <= MAX_KEY, "a key is between 1 and 32768 bytes long");
    assert(!this.lastKey || compareBytes(this.lastKey, key) < 0, "keys come in the order of their bytes");
    this.lastKey = key;
    if (this.add({ key, value, flags: 0 })) await this.drain();
  }
  /** Ends the file; its size in bytes. */
  async finish(): Promise<number> {
    await this.endBucket();
    this.buckets.sort((a, b) => compareBytes(a.key, b.key));
    for (const item of this.buckets) this.add(item);
    const root = this.endTree();
    const freelist = this.next;
    this.emit(newPage(freelist, FREELIST, 0, PAGE_SIZE).bytes);
    await this.drain(true);
    const meta = { pageSize: PAGE_SIZE, root, freelist, pages: this.next };
    for (const id of [0, 1]) await this.sink.write(id * PAGE_SIZE, encodeMeta(id, { ...meta, transaction: id }));
    return this.next * PAGE_SIZE;
  }

  private async endBucket(): Promise<void> {
    if (!this.bucketName) return;
    const isInline = this.levels.length === 0 && this.leafSize <= INLINE;
    const value = new Uint8Array(BUCKET_HEADER + (isInline ? this.leafSize : 0));
    if (isInline) {
      putHeader(viewOf(value), BUCKET_HEADER, 0, LEAF, this.leaf.length, 0);
      putItems(value.subarray(BUCKET_HEADER), this.leaf);
      this.clearLeaf();
    } else putU64(viewOf(value), 0, this.endTree());
    this.buckets.push({ key: this.bucketName, value, flags: BUCKET_FLAG });
    this.bucketName = undefined;
    this.lastKey = undefined;
    await this.drain();
  }
  /** Whether there is enough to be written out. */
  private add(item: LeafItem): boolean {
    const size = ELEMENT + item.key.length + item.value.length;
    if (this.leaf.length > 0 && this.leafSize + size > PAGE_SIZE) this.endLeaf();
    this.leaf.push(item);
    this.leafSize += size;
    return this.waitingPages >= GATHER;
  }
  private endLeaf(): void {
    const { bytes } = newPage(this.next, LEAF, this.leaf.length, this.leafSize);
    putItems(bytes, this.leaf);
    this.up(0, this.leaf[0]?.key ?? new Uint8Array(0), this.emit(bytes));
    this.clearLeaf();
  }
  private clearLeaf(): void {
    this.leaf = [];
    this.leafSize = PAGE_HEADER;
  }
  /** Gives the branch at `depth` another child. */
  private up(depth: number, key: Uint8Array, page: number): void {
    let level = this.levels[depth];
    if (level && level.size + ELEMENT + key.length > PAGE_SIZE && level.keys.length > 1) {
      this.endBranch(depth, level);
      level = undefined;
    }
    if (!level) {
      level = { keys: [], pages: [], size: PAGE_HEADER };
      this.levels[depth] = level;
    }
    level.keys.push(key);
    level.pages.push(page);
    level.size += ELEMENT + key.length;
  }
  private endBranch(depth: number, { keys, pages, size }: Level): void {
    const { bytes, view } = newPage(this.next, BRANCH, keys.length, size);
    let end = PAGE_HEADER + keys.length * ELEMENT;
    for (const [i, key] of keys.entries()) {
      const at = PAGE_HEADER + i * ELEMENT;
      view.setUint32(at, end - at, true);
      view.setUint32(at + 4, key.length, true);
      putU64(view, at + 8, pages[i]!);
      bytes.set(key, end);
      end += key.length;
    }
    this.up(depth + 1, keys[0]!, this.emit(bytes));
  }
  /** Writes what is left of the tree; its root. */
  private endTree(): number {
    if (this.leaf.length > 0 || this.levels.length === 0) this.endLeaf();
    for (let depth = 0; ; depth++) {
      const level = this.levels[depth]!;
      if (depth === this.levels.length - 1 && level.pages.length === 1) {
        this.levels = [];
        return level.pages[0]!;
      }
      this.endBranch(depth, level);
    }
  }

  private emit(bytes: Uint8Array): number {
    const id = this.next;
    this.waiting.push(bytes);
    this.next += bytes.length / PAGE_SIZE;
    this.waitingPages += bytes.length / PAGE_SIZE;
    return id;
  }
  private async drain(all = false): Promise<void> {
    if (this.waitingPages === 0 || (!all && this.waitingPages < GATHER)) return;
    const gathered = new Uint8Array(this.waitingPages * PAGE_SIZE);
    let at = 0;
    for (const bytes of this.waiting) {
      gathered.set(bytes, at);
      at += bytes.length;
    }
    const start = (this.next - this.waitingPages) * PAGE_SIZE;
    this.waiting = [];
    this.waitingPages = 0;
    await this.sink.write(start, gathered);
  }
}

/** Elements, keys and values behind a leaf's header. */
function putItems(page: Uint8Array, items: readonly LeafItem[]): void {
  const view = viewOf(page);
  let end = PAGE_HEADER + items.length * ELEMENT;
  for (const [i, { key, value, flags }] of items.entries()) {
    const at = PAGE_HEADER + i * ELEMENT;
    view.setUint32(at, flags, true);
    view.setUint32(at + 4, end - at, true);
    view.setUint32(at + 8, key.length, true);
    view.setUint32(at + 12, value.length, true);
    page.set(key, end);
    page.set(value, end + key.length);
    end += key.length + value.length;
  }
}
