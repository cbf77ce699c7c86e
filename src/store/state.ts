import type { Entry, Key, Lease, Revision, StoreEvent } from "./contract.ts";
import { Layered, type View } from "./layered.ts";
import type { Change, Index } from "./ports.ts";
import { decodeEntry, encodeEntry, type LogRecord, numberKey, numberOfKey, Reader, terminated, unterminated, Writer } from "./record.ts";

/** What the index says of itself; written with every flush. */
export interface Mark {
  /** Counts the flushes. */
  readonly flush: number;
  /** The first segment of the log whose records the index lacks. */
  readonly segment: number;
  readonly revision: Revision;
  readonly compacted: Revision;
  /** What is compacted has been swept from the index up to this revision. */
  readonly swept: Revision;
  readonly lastLease: number;
}
const MARK_KEY = "m";
const NUMBER_END = "\xff".repeat(9);
/** Bytes of a flush to begin with. */
const FLUSH = 256 * 1024;
/** Revisions swept from the index in one write. */
const SWEEP = 1000;

type EventRow = readonly { readonly put: boolean; readonly replaced: boolean; readonly key: Key }[];

/**
 * The store's tables, over the index:
 *   current   key → entry                  what a reader of the newest revision sees
 *   past      key, until → entry           what a reader at [entry.modRevision, until) sees
 *   events    revision → keys put, deleted what a watch from the past replays
 *   leases    id → ttl
 *   attached  lease id, key →
 *   meta      name → value
 */
export class State {
  readonly index: Index;
  readonly current: Layered<Entry>;
  readonly past: Layered<Entry>;
  readonly events: Layered<EventRow>;
  readonly leases: Layered<number>;
  readonly attached: Layered<true>;
  readonly meta: Layered<Uint8Array>;
  mark: Mark;
  private flushing: Mark | undefined;

  constructor(index: Index) {
    this.index = index;
    this.current = new Layered(
      index,
      "k",
      entryCodec(key => key),
    );
    this.past = new Layered(
      index,
      "h",
      entryCodec(key => unterminated(key.slice(0, -10))),
    );
    this.events = new Layered(index, "e", { encode: encodeRow, decode: (_, bytes) => decodeRow(bytes) });
    this.leases = new Layered(index, "l", numberCodec);
    this.attached = new Layered(index, "a", { encode() {}, decode: () => true });
    this.meta = new Layered(index, "n", { encode: (writer, value) => writer.raw(value), decode: (_, bytes) => bytes });
    this.mark = readMark(index) ?? { flush: 0, segment: 1, revision: 1, compacted: 0, swept: 1, lastLease: 0 };
  }
  private get tables() {
    return [this.current, this.past, this.events, this.leases, this.attached, this.meta] as const;
  }

  /** Writes one event into the pending layer. `event.previous` must be what the pending view has now. */
  write({ type, entry, previous }: StoreEvent): void {
    const { key } = entry;
    if (previous) this.past.set(terminated(key) + numberKey(entry.modRevision), previous, false);
    this.current.set(key, type === "put" ? entry : null, previous !== undefined);
    if (previous?.lease && previous.lease !== entry.lease) this.attached.set(numberKey(previous.lease) + key, null, true);
    if (entry.lease && previous?.lease !== entry.lease) this.attached.set(numberKey(entry.lease) + key, true, false);
  }
  /** Adds the row of a revision's events, after all of them were written. */
  record(revision: Revision, events: readonly StoreEvent[]): void {
    const row = events.map(({ type, entry, previous }) => ({ put: type === "put", replaced: previous !== undefined, key: entry.key }));
    this.events.set(numberKey(revision), row, false);
  }
  /** Does what a record of the log says, and makes it durable state; for opening. */
  replay(record: LogRecord): void {
    if (record.kind === "grant") this.leases.set(numberKey(record.lease.id), record.lease.ttl, false);
    if (record.kind === "events") {
      const events = record.events.map(event => ({ ...event, previous: this.current.get(event.entry.key, "pending") }));
      for (const event of events) this.write(event);
      if (events.length > 0) this.record(record.revision, events);
      if (record.revoked) this.leases.set(numberKey(record.revoked), null, true);
    }
    if (record.kind === "meta") this.meta.set(record.name, record.value ?? null, true);
    if (record.kind === "entry") this.write({ type: "put", entry: record.entry });
    this.commit();
  }
  commit(): void {
    for (const table of this.tables) table.commit();
  }
  discard(): void {
    for (const table of this.tables) table.discard();
  }

  newest(from: Key, to: Key, view: View, limit = 0, count = true): { entries: Entry[]; count: number } {
    const entries: Entry[] = [];
    this.current.walk(from, to, view, (_, entry) => {
      entries.push(entry);
      return entries.length !== limit;
    });
    const full = count && limit > 0 && entries.length === limit;
    return { entries, count: full ? this.current.count(from, to, view, this.indexIsAhead()) : entries.length };
  }
  older(from: Key, to: Key, revision: Revision, limit = 0, count = true, view: View = "durable"): { entries: Entry[]; count: number } {
    const found = new Map<Key, Entry>();
    const enough = count ? 0 : limit;
    let end = to;
    this.current.walk(from, to, view, (key, entry) => {
      if (entry.modRevision <= revision) found.set(key, entry);
      if (found.size !== enough || enough === 0) return true;
      end = `${key}\0`; // nothing behind it can be among the first `limit`
      return false;
    });
    this.past.walk(terminated(from).slice(0, -2), terminated(end).slice(0, -2), view, (key, entry) => {
      if (entry.modRevision <= revision && revision < numberOfKey(key, key.length - 8)) found.set(entry.key, entry);
      return true;
    });
    const entries = [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return { entries: limit > 0 ? entries.slice(0, limit) : entries, count: entries.length };
  }
  at(key: Key, revision: Revision): Entry | undefined {
    const entry = this.current.get(key, "durable");
    if (entry && entry.modRevision <= revision) return entry;
    const mark = terminated(key);
    let past: Entry | undefined;
    this.past.walk(mark + numberKey(revision + 1), mark + NUMBER_END, "durable", (_, found) => {
      past = found;
      return false;
    });
    return past && past.modRevision <= revision ? past : undefined;
  }
  heldLeases(): Lease[] {
    const leases: Lease[] = [];
    this.leases.walk("", NUMBER_END, "durable", (key, ttl) => {
      leases.push({ id: numberOfKey(key), ttl });
      return true;
    });
    return leases;
  }
  attachedTo(lease: number, view: View): Key[] {
    const keys: Key[] = [];
    this.attached.walk(numberKey(lease), numberKey(lease + 1), view, key => {
      keys.push(key.slice(8));
      return true;
    });
    return keys;
  }

  /** Begins to move what is durable in the log before `mark.segment` into the index. */
  freeze(mark: Mark): void {
    for (const table of this.tables) table.freeze();
    this.flushing = mark;
  }
  get isFlushing(): boolean {
    return this.flushing !== undefined;
  }
  /** Writes what `freeze` set apart; may be called again after a failure. */
  async flush(compacted: Revision): Promise<void> {
    const mark = { ...this.flushing!, swept: this.mark.swept };
    const changes: Change[] = [];
    const writer = new Writer(FLUSH);
    this.current.changes(changes, writer);
    this.past.changes(changes, writer, key => numberOfKey(key, key.length - 8) > compacted);
    this.events.changes(changes, writer, key => numberOfKey(key) >= compacted);
    this.leases.changes(changes, writer);
    this.attached.changes(changes, writer);
    this.meta.changes(changes, writer);
    changes.push({ key: MARK_KEY, value: encodeMark(mark) });
    await this.index.write(changes);
    for (const table of this.tables) table.flushed();
    this.flushing = undefined;
    this.mark = mark;
  }
  /** Removes from the index some of what was compacted; whether there is more. */
  async sweep(compacted: Revision): Promise<boolean> {
    const end = Math.min(compacted, this.mark.revision);
    const { swept } = this.mark;
    if (swept >= end) return false;
    const to = Math.min(end, swept + SWEEP);
    const changes: Change[] = [];
    this.index.walk(`e${numberKey(swept)}`, `e${numberKey(to + 1)}`, (prefixed, bytes) => {
      const revision = numberOfKey(prefixed, 1);
      for (const { key, replaced } of decodeRow(bytes)) if (replaced) changes.push({ key: `h${terminated(key)}${numberKey(revision)}` });
      // The events of the compacted revision itself may still be watched.
      if (revision < to) changes.push({ key: prefixed });
      return true;
    });
    const mark = { ...this.mark, swept: to };
    changes.push({ key: MARK_KEY, value: encodeMark(mark) });
    await this.index.write(changes);
    this.mark = mark;
    return to < end;
  }
  private indexIsAhead(): boolean {
    return this.flushing !== undefined && (readMark(this.index)?.flush ?? 0) >= this.flushing.flush;
  }
}

function entryCodec(keyOf: (key: Key) => Key) {
  return {
    encode: encodeEntry,
    decode: (key: Key, bytes: Uint8Array) => decodeEntry(keyOf(key), new Reader(bytes)),
  };
}
const numberCodec = {
  encode: (writer: Writer, value: number) => writer.number(value),
  decode: (_: Key, bytes: Uint8Array) => new Reader(bytes).number(),
};
function encodeRow(writer: Writer, row: EventRow): void {
  for (const { put, replaced, key } of row) {
    writer.u8((put ? 1 : 0) | (replaced ? 2 : 0));
    writer.key(key);
  }
}
function decodeRow(bytes: Uint8Array): EventRow {
  const reader = new Reader(bytes);
  const row = [];
  while (reader.left > 0) {
    const flags = reader.u8();
    row.push({ put: (flags & 1) !== 0, replaced: (flags & 2) !== 0, key: reader.key() });
  }
  return row;
}
function encodeMark(mark: Mark): Uint8Array {
  const writer = new Writer(48);
  for (const n of [mark.flush, mark.segment, mark.revision, mark.compacted, mark.swept, mark.lastLease]) writer.number(n);
  return writer.done();
}
function readMark(index: Index): Mark | undefined {
  const bytes = index.get(MARK_KEY);
  if (!bytes) return undefined;
  const r = new Reader(bytes);
  return { flush: r.number(), segment: r.number(), revision: r.number(), compacted: r.number(), swept: r.number(), lastLease: r.number() };
}
