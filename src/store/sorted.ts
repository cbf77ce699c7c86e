import type { Key } from "./contract.ts";

/** Keys a chunk holds before it is split in two. */
const CHUNK = 256;

interface Keyed {
  readonly key: Key;
}

/**
 * Things in the order of their keys, in sorted chunks; whoever asks for single ones has a table of them beside it.
 * Ranges walk the live structure: a caller must not change it while it iterates.
 */
export class Sorted<N extends Keyed> {
  private chunks: N[][] = [];
  /** Where something was added last. */
  private last = 0;

  /** Its key must not be there yet. */
  add(node: N): void {
    const { key } = node;
    const { chunks } = this;
    if (chunks.length === 0) {
      chunks.push([node]);
      return;
    }
    const c = this.near(key);
    const chunk = chunks[c]!;
    const isLast = chunk.at(-1)!.key < key;
    if (!isLast) chunk.splice(placeIn(chunk, key), 0, node);
    else if (chunk.length < CHUNK) chunk.push(node);
    // A chunk that grows at its end is left full.
    else chunks.splice(c + 1, 0, [node]);
    if (chunk.length > CHUNK) chunks.splice(c + 1, 0, chunk.splice(CHUNK >> 1));
  }
  /** The chunk that is to have `key`; at once where the one before went, since keys often come in order. */
  private near(key: Key): number {
    const { chunks, last } = this;
    const isHere = last < chunks.length && chunks[last]![0]!.key <= key && (last + 1 === chunks.length || key < chunks[last + 1]![0]!.key);
    if (!isHere) this.last = Math.max(0, this.chunkOf(key));
    return this.last;
  }

  /** Its key must be there. */
  delete(key: Key): void {
    const c = this.chunkOf(key);
    const chunk = this.chunks[c]!;
    chunk.splice(placeIn(chunk, key), 1);
    if (chunk.length === 0) this.chunks.splice(c, 1);
  }

  clear(): void {
    this.chunks = [];
  }

  /** Keys in [from, to), without walking them. */
  count(from: Key, to: Key): number {
    if (from >= to || this.chunks.length === 0) return 0;
    const first = Math.max(0, this.chunkOf(from));
    const last = this.chunkOf(to);
    if (last < 0) return 0;
    let n = placeIn(this.chunks[last]!, to) - placeIn(this.chunks[first]!, from);
    for (let c = first; c < last; c++) n += this.chunks[c]!.length;
    return n;
  }

  /** The first key at or after `from`. */
  ceiling(from: Key): Key | undefined {
    if (this.chunks.length === 0) return undefined;
    const c = Math.max(0, this.chunkOf(from));
    const chunk = this.chunks[c]!;
    return (chunk[placeIn(chunk, from)] ?? this.chunks[c + 1]?.[0])?.key;
  }

  /** Calls `visit` for those with keys in [from, to), in order, until it answers false. */
  walk(from: Key, to: Key, visit: (node: N) => boolean): void {
    for (const place = this.place(from); place.node !== undefined && place.node.key < to && visit(place.node); place.next());
  }
  /** The place of the first whose key is not below `from`. */
  place(from: Key): Place<N> {
    const c = Math.max(0, this.chunkOf(from));
    return new Place(this.chunks, c, placeIn(this.chunks[c] ?? [], from));
  }

  /** The last chunk whose first key is not above `key`; -1 when there is none. */
  private chunkOf(key: Key): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.chunks[middle]![0]!.key <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** A place in chunks that lie in order, and those behind it one after another. */
export class Place<N> {
  /** What is there; undefined: it is behind the last. */
  node: N | undefined;
  private readonly chunks: readonly (readonly N[])[];
  private chunk: readonly N[];
  private c: number;
  private i: number;

  constructor(chunks: readonly (readonly N[])[], c: number, i: number) {
    this.chunks = chunks;
    this.c = c;
    this.i = i - 1;
    this.chunk = chunks[c] ?? [];
    this.next();
  }
  next(): void {
    if (++this.i < this.chunk.length) {
      this.node = this.chunk[this.i];
      return;
    }
    this.i = 0;
    this.chunk = this.chunks[++this.c] ?? [];
    this.node = this.chunk.length > 0 ? this.chunk[0] : undefined;
  }
}

/** The first place in `chunk` whose key is not below `key`. */
function placeIn(chunk: readonly Keyed[], key: Key): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunk[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A map that keeps its keys in order. */
export class SortedMap<V> {
  private readonly nodes = new Map<Key, { readonly key: Key; value: V }>();
  private readonly sorted = new Sorted<{ readonly key: Key; value: V }>();

  get size(): number {
    return this.nodes.size;
  }
  get(key: Key): V | undefined {
    return this.nodes.get(key)?.value;
  }
  has(key: Key): boolean {
    return this.nodes.has(key);
  }
  set(key: Key, value: V): void {
    const present = this.nodes.get(key);
    if (present) {
      present.value = value;
      return;
    }
    const node = { key, value };
    this.nodes.set(key, node);
    this.sorted.add(node);
  }
  delete(key: Key): boolean {
    if (!this.nodes.delete(key)) return false;
    this.sorted.delete(key);
    return true;
  }
  clear(): void {
    this.nodes.clear();
    this.sorted.clear();
  }
  /** Keys in [from, to), without walking them. */
  count(from: Key, to: Key): number {
    return this.sorted.count(from, to);
  }
  /** The first key at or after `from`. */
  ceiling(from: Key): Key | undefined {
    return this.sorted.ceiling(from);
  }
  /** Calls `visit` for the keys of [from, to) in order, until it answers false. */
  walk(from: Key, to: Key, visit: (key: Key, value: V) => boolean): void {
    this.sorted.walk(from, to, ({ key, value }) => visit(key, value));
  }
}
