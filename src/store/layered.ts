import type { Key } from "./contract.ts";
import type { Changes, Index } from "./ports.ts";
import type { Writer } from "./record.ts";
import { Place, Sorted } from "./sorted.ts";

/** How values of one table are written to the index. */
export interface Codec<V> {
  encode(writer: Writer, value: V): void;
  /** The value is some of `bytes`, which are not to be kept. */
  decode(key: Key, bytes: Uint8Array, start: number, end: number): V;
}
/** null: deleted. `below`: whether the layers beneath have the key. */
interface Slot<V> {
  readonly key: Key;
  value: V | null;
  below: boolean;
}
type Layer<V> = Sorted<Slot<V>>;
/** What a reader sees: only what is durable, or also the batch being put together. */
export type View = "durable" | "pending";

/**
 * One table of the store: that of the index, and in front of it what the index does not have yet:
 * `flushing` is on its way there, `recent` is durable in the log, `pending` is the batch being put together, which may
 * still be undone.
 */
export class Layered<V> {
  private readonly index: Index;
  private readonly name: string;
  private readonly codec: Codec<V>;
  private pending = new Map<Key, Slot<V>>();
  private recent: Layer<V> = new Sorted();
  private flushing: Layer<V> | undefined;

  constructor(index: Index, name: string, codec: Codec<V>) {
    this.index = index;
    this.name = name;
    this.codec = codec;
  }

  get(key: Key, view: View): V | undefined {
    const slot = (view === "pending" && this.pending.get(key)) || this.recent.get(key) || this.flushing?.get(key);
    if (slot) return slot.value ?? undefined;
    const bytes = this.index.get(this.name, key);
    return bytes && this.codec.decode(key, bytes, 0, bytes.length);
  }

  /** `existed`: whether a reader of the pending view sees the key now. */
  set(key: Key, value: V | null, existed: boolean): void {
    const slot = this.pending.get(key);
    if (slot) slot.value = value;
    else this.pending.set(key, { key, value, below: existed });
  }

  walk(from: Key, to: Key, view: View, visit: (key: Key, value: V) => boolean): void {
    if (from >= to) return;
    const over = new Overlay<V>(this.layersOver(from, to, view), to);
    let going = true;
    this.index.walk(this.name, from, to, (key, bytes, start, end) => {
      let shadowed = false;
      while (going && over.key !== undefined && over.key <= key) {
        shadowed = over.key === key;
        if (over.slot.value !== null) going = visit(over.key, over.slot.value);
        over.next();
      }
      if (going && !shadowed) going = visit(key, this.codec.decode(key, bytes, start, end));
      return going;
    });
    for (; going && over.key !== undefined; over.next()) if (over.slot.value !== null) going = visit(over.key, over.slot.value);
  }

  /** Keys in [from, to). `flushed`: the index already shows what is being flushed. */
  count(from: Key, to: Key, view: View, flushed: boolean): number {
    if (from >= to) return 0;
    let n = this.index.count(this.name, from, to);
    const add = (layer: Layer<V> | undefined) =>
      layer?.walk(from, to, slot => {
        n += (slot.value === null ? 0 : 1) - (slot.below ? 1 : 0);
        return true;
      });
    if (!flushed) add(this.flushing);
    add(this.recent);
    if (view === "pending")
      for (const [key, slot] of this.pending) if (key >= from && key < to) n += (slot.value === null ? 0 : 1) - (slot.below ? 1 : 0);
    return n;
  }

  /** The pending batch is durable. */
  commit(): void {
    if (this.pending.size === 0) return;
    const { recent } = this;
    for (const slot of this.pending.values()) {
      const there = recent.get(slot.key);
      if (there) there.value = slot.value;
      else recent.add(slot);
    }
    this.pending.clear();
  }
  /** The pending batch never was. */
  discard(): void {
    this.pending.clear();
  }
  /** What the pending batch has of the key: null when it deletes it, undefined when it leaves it as it is. */
  inPending(key: Key): V | null | undefined {
    return this.pending.get(key)?.value;
  }
  get hasPending(): boolean {
    return this.pending.size > 0;
  }
  freeze(): void {
    this.flushing = this.recent;
    this.recent = new Sorted();
  }
  /** Adds what is being flushed to `changes`. Values are written to `writer`. */
  changes(changes: Changes, writer: Writer): void {
    this.flushing?.walk("", "\uffff", ({ key, value, below }) => {
      if (value !== null) {
        const start = writer.at;
        this.codec.encode(writer, value);
        // Should the writer grow, the bytes before stay as they are in the old buffer.
        changes.put(this.name, key, writer.bytes, start, writer.at);
      } else if (below) changes.remove(this.name, key);
      return true;
    });
  }
  /** The index has what was being flushed. */
  flushed(): void {
    this.flushing = undefined;
  }

  private layersOver(from: Key, to: Key, view: View): Place<Slot<V>>[] {
    const layers: Place<Slot<V>>[] = [];
    for (const layer of [this.flushing, this.recent]) if (layer && layer.size > 0) layers.push(layer.place(from));
    if (view === "pending" && this.pending.size > 0) {
      const slots = [...this.pending.values()].filter(({ key }) => key >= from && key < to);
      layers.push(new Place([slots.sort((a, b) => (a.key < b.key ? -1 : 1))], 0, 0));
    }
    return layers;
  }
}
/** Several layers as one up to `to`, in order; where several have a key, the last of them counts. */
class Overlay<V> {
  /** undefined: there is no more. */
  key: Key | undefined;
  slot!: Slot<V>;
  private readonly layers: readonly Place<Slot<V>>[];
  private readonly to: Key;
  constructor(layers: readonly Place<Slot<V>>[], to: Key) {
    this.layers = layers;
    this.to = to;
    this.next();
  }
  next(): void {
    let first: Key | undefined;
    for (const { node } of this.layers) if (node && node.key < this.to && (first === undefined || node.key < first)) first = node.key;
    this.key = first;
    if (first === undefined) return;
    for (const layer of this.layers) {
      if (layer.node?.key !== first) continue;
      this.slot = layer.node;
      layer.next();
    }
  }
}
