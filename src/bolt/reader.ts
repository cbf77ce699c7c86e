import {
  BoltDamaged,
  BRANCH,
  BUCKET_FLAG,
  BUCKET_HEADER,
  compareBytes,
  decodeMeta,
  ELEMENT,
  LEAF,
  type Meta,
  PAGE_HEADER,
  PAGE_SIZE,
  u64,
  viewOf,
} from "./format.ts";

/** Where the file is read from: up to `length` bytes from `at`, fewer at its end. */
export interface BoltSource {
  read(at: number, length: number): Promise<Uint8Array>;
}
export interface BoltItem {
  readonly key: Uint8Array;
  /** Parts of the page that was read; of a bucket, its header. */
  readonly value: Uint8Array;
  readonly isBucket: boolean;
}
/** A bucket, by the header that its parent has of it. */
export interface Bucket {
  readonly root: number;
  /** Of one that lies in its parent's page. */
  readonly inline?: Uint8Array;
}
/** Page sizes that bbolt has used: those of its machines. */
const PAGE_SIZES = [4096, 1024, 2048, 8192, 16384, 32768, 65536];
/** No tree is deeper: a page that leads back to itself is damage. */
const DEPTH = 64;

/** Bytes read at once where pages are asked for one behind the other, as in a file that was written in one go. */
const AHEAD = 128 * 1024;

/** Reads a bbolt file of any page size, as its newest whole transaction left it. Throws BoltDamaged. */
export class BoltReader {
  readonly meta: Meta;
  private readonly source: BoltSource;
  /** What was read last, and where it begins. */
  private block: Uint8Array = new Uint8Array(0);
  private start = 0;
  /** Behind the page that was asked for last. */
  private behind = 0;

  private constructor(source: BoltSource, meta: Meta) {
    this.source = source;
    this.meta = meta;
  }
  static async open(source: BoltSource): Promise<BoltReader> {
    const first = decodeMeta(await source.read(0, PAGE_SIZE));
    let second: Meta | undefined;
    for (const size of first ? [first.pageSize] : PAGE_SIZES) second ??= decodeMeta(await source.read(size, PAGE_SIZE));
    const meta = !first || (second && second.transaction > first.transaction) ? second : first;
    if (!meta) throw new BoltDamaged("this is no bbolt file: neither of its meta pages is whole");
    if (meta.pageSize < 1024 || meta.pageSize > 65536) throw new BoltDamaged(`a page size of ${meta.pageSize} bytes cannot be`);
    return new BoltReader(source, meta);
  }

  /** The file's own bucket, in which the others are. */
  get top(): Bucket {
    return { root: this.meta.root };
  }
  /** The bucket of that name in `parent`; undefined where there is none. */
  async bucket(name: Uint8Array, parent: Bucket = this.top): Promise<Bucket | undefined> {
    for await (const items of this.items(parent))
      for (const item of items) if (item.isBucket && compareBytes(item.key, name) === 0) return bucketOf(item);
    return undefined;
  }
  /** What is in a bucket, in the order of keys, a page at a time. */
  async *items(bucket: Bucket): AsyncGenerator<readonly BoltItem[]> {
    const last: { key?: Uint8Array } = {};
    if (bucket.root !== 0) yield* this.below(bucket.root, 0, last);
    else if (bucket.inline && bucket.inline.length > 0) yield inOrder(leafItems(bucket.inline, 0), last, 0);
  }

  /** The last item of a bucket. */
  async last(bucket: Bucket): Promise<BoltItem | undefined> {
    if (bucket.root === 0) return bucket.inline?.length ? leafItems(bucket.inline, 0).at(-1) : undefined;
    let id = bucket.root;
    for (let depth = 0; depth <= DEPTH; depth++) {
      const page = await this.page(id);
      const children = branchOf(page, id);
      if (!children) return leafItems(page, id).at(-1);
      id = children.at(-1)!;
    }
    throw new BoltDamaged(`page ${id}: the tree does not end`);
  }

  private async *below(id: number, depth: number, last: { key?: Uint8Array }): AsyncGenerator<readonly BoltItem[]> {
    if (depth > DEPTH) throw new BoltDamaged(`page ${id}: the tree does not end`);
    const page = await this.page(id);
    const children = branchOf(page, id);
    if (!children) yield inOrder(leafItems(page, id), last, id);
    else for (const child of children) yield* this.below(child, depth + 1, last);
  }
  private async page(id: number): Promise<Uint8Array> {
    const { pageSize, pages } = this.meta;
    if (id < 2 || id >= pages) throw new BoltDamaged(`page ${id} is outside of the file's ${pages} pages`);
    const head = await this.read(id * pageSize, pageSize);
    if (head.length < pageSize) throw new BoltDamaged(`page ${id}: the file is cut short`);
    const view = viewOf(head);
    if (u64(view, 0) !== id) throw new BoltDamaged(`page ${id}: it says that it is page ${u64(view, 0)}`);
    const overflow = view.getUint32(12, true);
    if (id + overflow >= pages) throw new BoltDamaged(`page ${id}: ${overflow} pages of overflow reach beyond the file`);
    if (overflow === 0) return head;
    const whole = await this.read(id * pageSize, (overflow + 1) * pageSize);
    if (whole.length < (overflow + 1) * pageSize) throw new BoltDamaged(`page ${id}: the file is cut short`);
    return whole;
  }
  private async read(at: number, length: number): Promise<Uint8Array> {
    const isNext = at === this.behind;
    this.behind = at + length;
    if (at < this.start || at + length > this.start + this.block.length) {
      this.block = await this.source.read(at, isNext ? Math.max(length, AHEAD) : length);
      this.start = at;
    }
    return this.block.subarray(at - this.start, at - this.start + length);
  }
}

export function bucketOf({ value }: BoltItem): Bucket {
  if (value.length < BUCKET_HEADER) throw new BoltDamaged("a bucket's header is cut short");
  return { root: u64(viewOf(value), 0), inline: value.subarray(BUCKET_HEADER) };
}
/** A branch's children; undefined: the page is a leaf. */
function branchOf(page: Uint8Array, id: number): number[] | undefined {
  const view = viewOf(page);
  const flags = view.getUint16(8, true);
  if (flags === LEAF) return undefined;
  if (flags !== BRANCH) throw new BoltDamaged(`page ${id}: flags ${flags}, and it should be a branch or a leaf`);
  const count = view.getUint16(10, true);
  if (count === 0 || PAGE_HEADER + count * ELEMENT > page.length) throw new BoltDamaged(`page ${id}: ${count} elements cannot be`);
  return Array.from({ length: count }, (_, i) => u64(view, PAGE_HEADER + i * ELEMENT + 8));
}
function leafItems(page: Uint8Array, id: number): BoltItem[] {
  const view = viewOf(page);
  const count = page.length < PAGE_HEADER ? 0 : view.getUint16(10, true);
  if (page.length < PAGE_HEADER || PAGE_HEADER + count * ELEMENT > page.length)
    throw new BoltDamaged(`page ${id}: ${count} elements cannot be`);
  const items: BoltItem[] = [];
  for (let i = 0; i < count; i++) {
    const at = PAGE_HEADER + i * ELEMENT;
    const start = at + view.getUint32(at + 4, true);
    const middle = start + view.getUint32(at + 8, true);
    const end = middle + view.getUint32(at + 12, true);
    if (end > page.length) throw new BoltDamaged(`page ${id}: element ${i} reaches beyond it`);
    items.push({
      key: page.subarray(start, middle),
      value: page.subarray(middle, end),
      isBucket: (view.getUint32(at, true) & BUCKET_FLAG) !== 0,
    });
  }
  return items;
}
function inOrder(items: readonly BoltItem[], last: { key?: Uint8Array }, id: number): readonly BoltItem[] {
  for (const { key } of items) {
    if (last.key && compareBytes(last.key, key) >= 0) throw new BoltDamaged(`page ${id}: its keys are not in order`);
    last.key = key;
  }
  return items;
}
