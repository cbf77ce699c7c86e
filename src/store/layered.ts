import { latin1, latin1Bytes } from "#base/bytes.ts";
import { ALL_KEYS, type Key } from "./contract.ts";
import { hashOf, KeyTable } from "./keytable.ts";
import type { Index, Row, Visit } from "./ports.ts";
import type { Presence } from "./presence.ts";
import type { Writer } from "./record.ts";
import type { Rows } from "./rows.ts";
import { Place, Sorted } from "./sorted.ts";

/** How values of one table are written to the index. */
export interface Codec<V> {
  encode(writer: Writer, value: V): void;
  /** The value is some of `bytes`, which are not to be kept. */
  decode(key: Key, bytes: Uint8Array, start: number, end: number): V;
  /** Bytes that a value takes in memory, where some are to be kept. */
  weigh?(value: V): number;
}
/** null: deleted. `below`: whether the layers beneath have the key. */
interface Slot<V> {
  readonly key: Key;
  readonly hash: number;
  value: V | null;
  below: boolean;
}
/** Rows that are written for the index before others have their turn: so many take a part of a disk's sync. */
const AT_ONCE = 512;
/** Beside its value, what one slot is counted as. */
const OVERHEAD = 160;
/** What a reader sees: only what is durable, or also the batch being put together. */
export type View = "durable" | "pending";

/**
 * One table of the store: that of the index, and in front of it what the index does not have yet:
 * `flushing` is on its way there, `recent` is durable in the log, `pending` is the batch being put together, which may
 * still be undone. What was told to the index last may be kept, so that it is not read again at once.
 */
export class Layered<V> {
  private readonly index: Index;
  private readonly name: string;
  private readonly codec: Codec<V>;
  private readonly presence: Presence | undefined;
  private readonly pending = new KeyTable<Slot<V>>();
  /** The same in the order in which they came. */
  private slots: Slot<V>[] = [];
  private recent: Layer<V> = new Layer();
  private flushing: Layer<V> | undefined;
  private kept: Layer<V> | undefined;
  private bytes = { recent: 0, flushing: 0, kept: 0 };
  /** Bytes of `recent` and `kept` together up to which there is a `kept`. */
  keeps = 0;

  /** `presence`: what the index is not asked for. */
  constructor(index: Index, name: string, codec: Codec<V>, presence?: Presence) {
    this.index = index;
    this.name = name;
    this.codec = codec;
    this.presence = presence;
  }

  get(key: Key, view: View): V | undefined {
    const pending = view === "pending" ? this.inPending(key) : undefined;
    const known = pending === undefined ? this.known(key) : pending;
    return known === undefined ? this.indexed(key) : (known ?? undefined);
  }
  /** What is durable of the key, where that is in memory: null where it is deleted, undefined where the index is to be asked. */
  known(key: Key): V | null | undefined {
    const hash = hashOf(key);
    return (this.recent.get(key, hash) ?? this.flushing?.get(key, hash) ?? this.kept?.get(key, hash))?.value;
  }
  indexed(key: Key): V | undefined {
    const { presence } = this;
    if (presence && !presence.mayHave(key)) return undefined;
    const bytes = this.index.get(this.name, key);
    if (!bytes) presence?.missed();
    return bytes && this.codec.decode(key, bytes, 0, bytes.length);
  }

  /** Keys that were written since the index was last told of any, or is being told. */
  get fresh(): number {
    return this.recent.size;
  }

  /** `existed`: whether a reader of the pending view sees the key now. */
  set(key: Key, value: V | null, existed: boolean): void {
    const hash = hashOf(key);
    const there = this.pending.get(key, hash);
    if (there) {
      there.value = value;
      return;
    }
    const slot = { key, hash, value, below: existed };
    this.pending.add(slot, hash);
    this.slots.push(slot);
  }

  walk(from: Key, to: Key, view: View, visit: (key: Key, value: V) => boolean): void {
    this.walkRows(from, to, view, visit, row => {
      const key = keyOfRow(row);
      return visit(key, this.decode(key, row));
    });
  }
  decode(key: Key, { bytes, start, end }: Row): V {
    return this.codec.decode(key, bytes, start, end);
  }
  /** The same, but what the index has is visited as it lies there. */
  walkRows(from: Key, to: Key, view: View, visit: (key: Key, value: V) => boolean, visitRow: Visit): void {
    if (from >= to) return;
    const over = new Overlay<V>(this.layersOver(from, to, view), to);
    let going = true;
    this.index.walk(this.name, from, to, row => {
      let shadowed = false;
      while (going && over.key !== undefined) {
        const order = compareKey(over.bytes, row);
        if (order > 0) break;
        shadowed = order === 0;
        if (over.slot.value !== null) going = visit(over.key, over.slot.value);
        over.next();
      }
      if (going && !shadowed) going = visitRow(row);
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
      for (const { key, value, below } of this.slots) if (key >= from && key < to) n += (value === null ? 0 : 1) - (below ? 1 : 0);
    return n;
  }

  /** The pending batch is durable. */
  commit(): void {
    const { recent, slots } = this;
    if (slots.length === 0) return;
    for (const slot of slots) {
      const there = recent.get(slot.key, slot.hash);
      this.bytes.recent += this.weigh(slot) - (there ? this.weigh(there) : 0);
      if (there) there.value = slot.value;
      else recent.add(slot);
    }
    this.discard();
    this.shed();
  }
  /** The pending batch never was. */
  discard(): void {
    if (this.slots.length === 0) return;
    this.pending.clear();
    this.slots = [];
  }
  /** What the pending batch has of the key: null when it deletes it, undefined when it leaves it as it is. */
  inPending(key: Key): V | null | undefined {
    return this.slots.length > 0 ? this.pending.get(key)?.value : undefined;
  }
  freeze(): void {
    this.flushing = this.recent;
    this.recent = new Layer();
    this.bytes.flushing = this.bytes.recent;
    this.bytes.recent = 0;
  }
  /** Adds what is being flushed to `rows`, some at a time. */
  *changes(rows: Rows): Generator<void> {
    const { presence, name, codec } = this;
    let n = 0;
    for (const place = this.flushing?.place(""); place?.node; place.next()) {
      const { key, hash, value, below } = place.node;
      if (value !== null) {
        presence?.came(hash);
        codec.encode(rows.writer, value);
        rows.put(name, key);
      } else if (below) {
        presence?.went();
        rows.remove(name, key);
      }
      if (++n % AT_ONCE === 0) yield;
    }
  }
  /** The index has what was being flushed. */
  flushed(): void {
    this.kept = this.flushing;
    this.bytes.kept = this.bytes.flushing;
    this.flushing = undefined;
    this.shed();
  }
  /** Learns some more of what the index does not have. */
  learn(): void {
    this.presence?.read((from, visit) => this.index.walk(this.name, from, ALL_KEYS, row => visit(keyOfRow(row))));
  }
  private shed(): void {
    if (this.bytes.recent + this.bytes.kept > this.keeps) this.kept = undefined;
  }
  private weigh({ value }: Slot<V>): number {
    return value === null ? OVERHEAD : OVERHEAD + (this.codec.weigh?.(value) ?? 0);
  }

  private layersOver(from: Key, to: Key, view: View): Place<Slot<V>>[] {
    const layers: Place<Slot<V>>[] = [];
    for (const layer of [this.flushing, this.recent]) if (layer && layer.size > 0) layers.push(layer.place(from));
    if (view === "pending" && this.slots.length > 0) {
      const slots = this.slots.filter(({ key }) => key >= from && key < to);
      layers.push(new Place([slots.sort((a, b) => (a.key < b.key ? -1 : 1))], 0, 0));
    }
    return layers;
  }
}
/** Slots by their keys, and in the order of these. */
class Layer<V> {
  private readonly slots = new KeyTable<Slot<V>>();
  private readonly order = new Sorted<Slot<V>>();

  get size(): number {
    return this.slots.size;
  }
  get(key: Key, hash: number): Slot<V> | undefined {
    return this.slots.get(key, hash);
  }
  add(slot: Slot<V>): void {
    this.slots.add(slot, slot.hash);
    this.order.add(slot);
  }
  walk(from: Key, to: Key, visit: (slot: Slot<V>) => boolean): void {
    this.order.walk(from, to, visit);
  }
  place(from: Key): Place<Slot<V>> {
    return this.order.place(from);
  }
}
/** Several layers as one up to `to`, in order; where several have a key, the last of them counts. */
class Overlay<V> {
  /** undefined: there is no more. */
  key: Key | undefined;
  /** The same as bytes. */
  bytes: DataView = NONE;
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
    this.bytes = viewOf(latin1Bytes(first));
    for (const layer of this.layers) {
      if (layer.node?.key !== first) continue;
      this.slot = layer.node;
      layer.next();
    }
  }
}
export const keyOfRow = ({ bytes, keyStart, keyEnd }: Row): Key => latin1(bytes, keyStart, keyEnd);
const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => new DataView(buffer, byteOffset, length);
const NONE = new DataView(new ArrayBuffer(0));
/** Below, equal to or above 0 as the key is to the row's. */
function compareKey(key: DataView, { view, keyStart, keyEnd }: Row): number {
  const length = Math.min(key.byteLength, keyEnd - keyStart);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const difference = key.getUint32(i) - view.getUint32(keyStart + i);
    if (difference !== 0) return difference;
  }
  for (; i < length; i++) {
    const difference = key.getUint8(i) - view.getUint8(keyStart + i);
    if (difference !== 0) return difference;
  }
  return key.byteLength - (keyEnd - keyStart);
}
