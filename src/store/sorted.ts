import type { Key } from "./contract.ts";

/** Keys a chunk holds before it is split in two. */
const CHUNK = 256;

interface Node<V> {
  readonly key: Key;
  value: V;
}

/**
 * A map that keeps its keys in order: a hash map for single keys beside sorted chunks for ranges.
 * Ranges walk the live structure: a caller must not change the map while it iterates.
 */
export class SortedMap<V> {
  private nodes = new Map<Key, Node<V>>();
  private chunks: Node<V>[][] = [];

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
    if (this.chunks.length === 0) {
      this.chunks.push([node]);
      return;
    }
    const c = Math.max(0, this.chunkOf(key));
    const chunk = this.chunks[c]!;
    chunk.splice(placeIn(chunk, key), 0, node);
    if (chunk.length > CHUNK) {
      // A chunk that grows at its end is left nearly full: keys often come in order.
      const at = chunk[CHUNK] === node ? CHUNK : CHUNK >> 1;
      this.chunks.splice(c + 1, 0, chunk.splice(at));
    }
  }

  delete(key: Key): boolean {
    if (!this.nodes.delete(key)) return false;
    const c = this.chunkOf(key);
    const chunk = this.chunks[c]!;
    chunk.splice(placeIn(chunk, key), 1);
    if (chunk.length === 0) this.chunks.splice(c, 1);
    return true;
  }

  clear(): void {
    this.nodes = new Map();
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

  /** Calls `visit` for the keys of [from, to) in order, until it answers false. */
  walk(from: Key, to: Key, visit: (key: Key, value: V) => boolean): void {
    if (this.chunks.length === 0) return;
    let c = Math.max(0, this.chunkOf(from));
    let i = placeIn(this.chunks[c]!, from);
    for (; c < this.chunks.length; c++, i = 0) {
      const chunk = this.chunks[c]!;
      for (; i < chunk.length; i++) {
        const node = chunk[i]!;
        if (node.key >= to || !visit(node.key, node.value)) return;
      }
    }
  }

  /** The keys of [from, to) in order, one at a time. */
  *entries(from: Key, to: Key): Generator<[Key, V]> {
    if (this.chunks.length === 0) return;
    let c = Math.max(0, this.chunkOf(from));
    let i = placeIn(this.chunks[c]!, from);
    for (; c < this.chunks.length; c++, i = 0) {
      const chunk = this.chunks[c]!;
      for (; i < chunk.length; i++) {
        const { key, value } = chunk[i]!;
        if (key >= to) return;
        yield [key, value];
      }
    }
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

/** The first place in `chunk` whose key is not below `key`. */
function placeIn<V>(chunk: readonly Node<V>[], key: Key): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunk[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
