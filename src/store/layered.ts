import { ALL_KEYS, type Key, prefixEnd } from "./contract.ts";
import type { Change, Index } from "./ports.ts";
import type { Writer } from "./record.ts";
import { SortedMap } from "./sorted.ts";

/** How values of one table are written to the index. */
export interface Codec<V> {
  encode(writer: Writer, value: V): void;
  decode(key: Key, bytes: Uint8Array): V;
}
/** null: deleted. `below`: whether the layers beneath have the key. */
interface Slot<V> {
  value: V | null;
  below: boolean;
}
type Layer<V> = SortedMap<Slot<V>>;
/** What a reader sees: only what is durable, or also the batch being put together. */
export type View = "durable" | "pending";

/**
 * One table of the store: its part of the index (keys with a prefix), and in front of it what the index does not have yet:
 * `flushing` is on its way there, `recent` is durable in the log, `pending` is the batch being put together, which may
 * still be undone.
 */
export class Layered<V> {
  private readonly index: Index;
  private readonly prefix: string;
  private readonly codec: Codec<V>;
  private pending: Layer<V> = new SortedMap();
  private recent: Layer<V> = new SortedMap();
  private flushing: Layer<V> | undefined;

  constructor(index: Index, prefix: string, codec: Codec<V>) {
    this.index = index;
    this.prefix = prefix;
    this.codec = codec;
  }

  get(key: Key, view: View): V | undefined {
    const slot = (view === "pending" && this.pending.get(key)) || this.recent.get(key) || this.flushing?.get(key);
    if (slot) return slot.value ?? undefined;
    const bytes = this.index.get(this.prefix + key);
    return bytes && this.codec.decode(key, bytes);
  }

  /** `existed`: whether a reader of the pending view sees the key now. */
  set(key: Key, value: V | null, existed: boolean): void {
    const slot = this.pending.get(key);
    if (slot) slot.value = value;
    else this.pending.set(key, { value, below: existed });
  }

  walk(from: Key, to: Key, view: View, visit: (key: Key, value: V) => boolean): void {
    const over = this.overlay(from, to, view);
    let next = 0;
    let going = true;
    // Gives the overlay's keys below `limit`; whether it also has `limit` itself.
    const overlayUpTo = (limit: Key | undefined): boolean => {
      for (; next < over.length; next++) {
        const [key, slot] = over[next]!;
        if (limit !== undefined && key >= limit) {
          if (key > limit) return false;
          next++;
          if (slot.value !== null) going = visit(key, slot.value);
          return true;
        }
        if (slot.value !== null) going = visit(key, slot.value);
        if (!going) {
          next++;
          return false;
        }
      }
      return false;
    };
    if (from >= to) return;
    this.index.walk(this.prefix + from, this.indexEnd(to), (prefixed, bytes) => {
      const key = prefixed.slice(this.prefix.length);
      const shadowed = overlayUpTo(key);
      if (going && !shadowed) going = visit(key, this.codec.decode(key, bytes));
      return going;
    });
    if (going) overlayUpTo(undefined);
  }

  /** Keys in [from, to). `flushed`: the index already shows what is being flushed. */
  count(from: Key, to: Key, view: View, flushed: boolean): number {
    if (from >= to) return 0;
    let n = this.index.count(this.prefix + from, this.indexEnd(to));
    const add = (layer: Layer<V> | undefined) =>
      layer?.walk(from, to, (_, slot) => {
        n += (slot.value === null ? 0 : 1) - (slot.below ? 1 : 0);
        return true;
      });
    if (!flushed) add(this.flushing);
    add(this.recent);
    if (view === "pending") add(this.pending);
    return n;
  }

  /** The pending batch is durable. */
  commit(): void {
    if (this.pending.size === 0) return;
    this.pending.walk("", "\uffff", (key, slot) => {
      const there = this.recent.get(key);
      if (there) there.value = slot.value;
      else this.recent.set(key, slot);
      return true;
    });
    this.pending = new SortedMap();
  }
  /** The pending batch never was. */
  discard(): void {
    if (this.pending.size > 0) this.pending = new SortedMap();
  }
  freeze(): void {
    this.flushing = this.recent;
    this.recent = new SortedMap();
  }
  /** Adds what is being flushed to `changes`, but for what `wanted` refuses. Values are written to, and parts of, `writer`. */
  changes(changes: Change[], writer: Writer, wanted: (key: Key, value: V | null) => boolean = () => true): void {
    this.flushing?.walk("", "\uffff", (key, { value, below }) => {
      if (!wanted(key, value)) return true;
      if (value !== null) {
        const start = writer.at;
        this.codec.encode(writer, value);
        // Should the writer grow, the bytes before stay as they are in the old buffer.
        changes.push({ key: this.prefix + key, value: writer.bytes.subarray(start, writer.at) });
      } else if (below) changes.push({ key: this.prefix + key });
      return true;
    });
  }
  /** The index has what was being flushed. */
  flushed(): void {
    this.flushing = undefined;
  }

  private indexEnd(to: Key): Key {
    return to >= ALL_KEYS ? prefixEnd(this.prefix) : this.prefix + to;
  }
  private overlay(from: Key, to: Key, view: View): [Key, Slot<V>][] {
    const layers = [this.flushing, this.recent, view === "pending" ? this.pending : undefined].filter(l => l !== undefined && l.size > 0);
    const merged = new SortedMap<Slot<V>>();
    const single: [Key, Slot<V>][] = [];
    for (const layer of layers)
      layer!.walk(from, to, (key, slot) => {
        if (layers.length === 1) single.push([key, slot]);
        else merged.set(key, slot);
        return true;
      });
    if (layers.length > 1)
      merged.walk(from, to, (key, slot) => {
        single.push([key, slot]);
        return true;
      });
    return single;
  }
}
