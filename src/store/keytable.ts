import { writeLatin1 } from "#base/bytes.ts";
import type { Key } from "./contract.ts";

/** Bytes of a key that its hash looks at. */
const HASHED = 4096;
const words = new Uint32Array((HASHED >> 2) + 1);
const bytes = new Uint8Array(words.buffer, 0, HASHED);
/** The key that was hashed last: it is mostly asked for several times in a row. */
let last: Key = "";
let lastHash = 0;

/**
 * A number of 31 bits, and never 0, of the key's bytes. A Map hashes a text, too, but first makes it the only one of its
 * content in the process: for one that comes for the first time that takes four times as long as this.
 */
export function hashOf(key: Key): number {
  if (key === last) return lastHash;
  const length = Math.min(key.length, HASHED);
  const whole = length >> 2;
  // What an earlier key has left behind its end.
  words[whole] = 0;
  writeLatin1(bytes, 0, key);
  let hash = key.length;
  for (let i = 0; i <= whole; i++) hash = mixed(hash ^ words[i]!);
  last = key;
  lastHash = (mixed(hash) & 0x3fff_ffff) | 0x4000_0000;
  return lastHash;
}
function mixed(hash: number): number {
  const product = Math.imul(hash, 0x9e3779b1);
  return product ^ (product >>> 15);
}

interface Keyed {
  readonly key: Key;
}
/** Places that a key may be away from its own. */
const REACH = 64;
const LEAST = 16;
/** Room for so many is kept when it is emptied. */
const KEPT = 1024;

/**
 * Things by their keys, in no order: open addressing by `hashOf`. Whoever makes keys whose hashes are alike crowds its places;
 * what finds none near its own goes to a Map, which nobody can crowd.
 */
export class KeyTable<N extends Keyed> {
  private nodes: (N | undefined)[] = new Array(LEAST).fill(undefined);
  /** Theirs, 0 where none is: most searches look at nothing else. */
  private hashes = new Int32Array(LEAST);
  /** Those in `nodes`. */
  private placed = 0;
  private readonly crowd = new Map<Key, N>();

  get size(): number {
    return this.placed + this.crowd.size;
  }
  get(key: Key, hash = hashOf(key)): N | undefined {
    const i = this.placeOf(key, hash);
    return i >= 0 ? this.nodes[i] : this.crowd.size > 0 ? this.crowd.get(key) : undefined;
  }
  /** Its key must not be there yet. */
  add(node: N, hash = hashOf(node.key)): void {
    if (2 * this.placed >= this.nodes.length) this.resize(2 * this.nodes.length);
    this.place(node, hash);
  }
  delete(key: Key, hash = hashOf(key)): boolean {
    let hole = this.placeOf(key, hash);
    if (hole < 0) return this.crowd.delete(key);
    const { nodes, hashes } = this;
    const mask = nodes.length - 1;
    this.placed--;
    // Those behind it that could have its place move up: a search ends at the first that is empty.
    for (let i = (hole + 1) & mask; hashes[i] !== 0; i = (i + 1) & mask) {
      if (((i - hashes[i]!) & mask) < ((i - hole) & mask)) continue;
      nodes[hole] = nodes[i];
      hashes[hole] = hashes[i]!;
      hole = i;
    }
    nodes[hole] = undefined;
    hashes[hole] = 0;
    return true;
  }
  clear(): void {
    if (this.nodes.length > KEPT) {
      this.nodes = new Array(LEAST).fill(undefined);
      this.hashes = new Int32Array(LEAST);
    } else if (this.placed > 0) {
      this.nodes.fill(undefined);
      this.hashes.fill(0);
    }
    this.placed = 0;
    this.crowd.clear();
  }

  /** -1: it is not among those near the place of its hash. */
  private placeOf(key: Key, hash: number): number {
    const { nodes, hashes } = this;
    const mask = nodes.length - 1;
    for (let i = hash & mask, left = REACH; left > 0; i = (i + 1) & mask, left--) {
      if (hashes[i] === 0) return -1;
      if (hashes[i] === hash && nodes[i]!.key === key) return i;
    }
    return -1;
  }
  private place(node: N, hash: number): void {
    const { nodes, hashes } = this;
    const mask = nodes.length - 1;
    for (let i = hash & mask, left = REACH; left > 0; i = (i + 1) & mask, left--) {
      if (hashes[i] !== 0) continue;
      nodes[i] = node;
      hashes[i] = hash;
      this.placed++;
      return;
    }
    this.crowd.set(node.key, node);
  }
  private resize(size: number): void {
    const { nodes, hashes } = this;
    this.nodes = new Array(size).fill(undefined);
    this.hashes = new Int32Array(size);
    this.placed = 0;
    for (let i = 0; i < nodes.length; i++) if (hashes[i] !== 0) this.place(nodes[i]!, hashes[i]!);
  }
}
