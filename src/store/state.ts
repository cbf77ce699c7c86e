import type { Cache } from "./cache.ts";
import { ALL_KEYS, type Entry, type Key, type Lease, prefixEnd, type Revision, type StoreEvent } from "./contract.ts";
import { Layered, type View } from "./layered.ts";
import { Damaged, type Log } from "./log.ts";
import type { Change, Index } from "./ports.ts";
import {
  cellSize,
  decodeCell,
  decodePlace,
  encodePlace,
  type Head,
  type LogEvent,
  numberKey,
  numberOfKey,
  Reader,
  Writer,
} from "./record.ts";
import { isDead, isUnread, type Link, linked, type Version, versionOf } from "./version.ts";

/** What the index says of itself; written with every flush. */
export interface Mark {
  /** Counts the flushes. */
  readonly flush: number;
  /** The index lacks the log's frames from here on. */
  readonly segment: number;
  readonly at: number;
  readonly revision: Revision;
  readonly compacted: Revision;
  /** The first revision whose events are still there. */
  readonly oldest: Revision;
  readonly lastLease: number;
  /** Bytes in the log of the newest entries. */
  readonly live: number;
}
/** A version that is not its key's newest, and the revision that replaced it. */
interface Base {
  readonly version: Version;
  readonly until: Revision;
}
const MARK_KEY = "m";
const NUMBER_END = "\xff".repeat(9);
/** Bytes of a flush to begin with. */
const FLUSH = 256 * 1024;
/** Ranges whose count is kept. */
const COUNTED = 32;
/** Bytes of log for each place that is kept. */
const NOTED = 256 * 1024;
/** Cells that are read together when no more than this lies between them, up to so many bytes at once. */
const GAP = 4096;
const RUN = 1024 * 1024;

/**
 * The store's tables, over the index; values lie in the log:
 *   newest    key → version         each key's newest version, which may be a deletion
 *   dead      key → revision        the keys whose newest version is a deletion
 *   bases     key → version         what a reader at `compacted` sees of a key, where the log's cleaning has moved it
 *   places    revision → place      some of the log's frames
 *   leases    id → ttl
 *   attached  lease id, key →
 *   meta      name → value
 */
export class State {
  readonly index: Index;
  readonly newest: Layered<Version>;
  readonly dead: Layered<Revision>;
  readonly bases: Layered<Base>;
  readonly places: Layered<Link>;
  readonly leases: Layered<number>;
  readonly attached: Layered<true>;
  readonly meta: Layered<Uint8Array>;
  mark: Mark | undefined;
  /** Bytes in the log of the newest entries; with the pending batch. */
  live = 0;
  private committedLive = 0;
  private readonly log: () => Log;
  private readonly damaged: (error: Damaged) => void;
  private flushing: Mark | undefined;
  private written: Version[] = [];
  cache: Cache | undefined;

  /** `damaged` is told when a cell of the log is not what the index says. */
  constructor(index: Index, log: () => Log, damaged: (error: Damaged) => void = () => {}) {
    this.index = index;
    this.log = log;
    this.damaged = damaged;
    this.newest = new Layered(index, "k", versionCodec);
    this.dead = new Layered(index, "d", numberCodec);
    this.bases = new Layered(index, "b", baseCodec);
    this.places = new Layered(index, "r", { encode: encodePlace, decode: (_, bytes) => decodePlace(new Reader(bytes)) });
    this.leases = new Layered(index, "l", numberCodec);
    this.attached = new Layered(index, "a", { encode() {}, decode: () => true });
    this.meta = new Layered(index, "n", { encode: (writer, value) => writer.raw(value), decode: (_, bytes) => bytes });
    this.mark = readMark(index);
    this.live = this.committedLive = this.mark?.live ?? 0;
  }
  private get tables() {
    return [this.newest, this.dead, this.bases, this.places, this.leases, this.attached, this.meta] as const;
  }

  /** The key's newest version, with or without its value; a deletion, too. */
  version(key: Key, view: View): Version | undefined {
    if (view === "pending") {
      const pending = this.newest.inPending(key);
      if (pending !== undefined) return pending ?? undefined;
    }
    const cached = this.cache?.get(key);
    if (cached !== undefined) return cached ?? undefined;
    return this.newest.get(key, "durable");
  }
  /** The key's entry, perhaps without its value. */
  entry(key: Key, view: View): Version | undefined {
    const version = this.version(key, view);
    return version && !isDead(version) ? version : undefined;
  }

  /** Writes one event into the pending batch; the log learns of what is returned. */
  write({ type, entry, previous }: StoreEvent): LogEvent {
    const { key } = entry;
    const before = this.version(key, "pending");
    const version = versionOf(entry, before);
    // What is kept must not keep much else in memory.
    if (version.value.buffer.byteLength > 2 * version.value.length + 1024) version.value = version.value.slice();
    this.place(version, before);
    return { type, entry: version, ...(previous && { previous }) };
  }
  /** The same for a version that the log has already, or that is to be moved. */
  place(version: Version, before = this.version(version.key, "pending")): void {
    const { key } = version;
    this.newest.set(key, version, before !== undefined);
    this.written.push(version);
    const wasDead = before !== undefined && isDead(before);
    if (isDead(version)) this.dead.set(key, version.modRevision, wasDead);
    else if (wasDead) this.dead.set(key, null, true);
    if (before && !wasDead) this.live -= weigh(before);
    if (!isDead(version)) this.live += weigh(version);
    const more = (isDead(version) ? 0 : 1) - (before && !wasDead ? 1 : 0);
    if (more !== 0) this.came.push({ key, more });
    if (before?.lease && before.lease !== version.lease) this.attached.set(numberKey(before.lease) + key, null, true);
    if (version.lease && before?.lease !== version.lease) this.attached.set(numberKey(version.lease) + key, true, false);
  }
  /** The key's deletion has been compacted. */
  bury(key: Key): void {
    this.newest.set(key, null, true);
    this.dead.set(key, null, true);
    this.buried.push(key);
  }
  private buried: Key[] = [];
  /** Takes a segment's head for what leases and named values there are; for opening. */
  begin({ leases, meta }: Head): void {
    const clear = <V>(table: Layered<V>) => {
      const keys: Key[] = [];
      table.walk("", ALL_KEYS, "pending", key => {
        keys.push(key);
        return true;
      });
      for (const key of keys) table.set(key, null, true);
    };
    clear(this.leases);
    clear(this.meta);
    this.commit();
    for (const { id, ttl } of leases) this.leases.set(numberKey(id), ttl, false);
    for (const [name, value] of meta) this.meta.set(name, value.slice(), false);
  }
  commit(): void {
    for (const version of this.written) {
      version.before = undefined;
      this.cache?.put(version);
    }
    for (const key of this.buried) this.cache?.forget(key);
    for (const { key, more } of this.came)
      for (const known of this.counted.values()) if (key >= known.from && key < known.to) known.count += more;
    this.written = [];
    this.buried = [];
    this.came = [];
    this.committedLive = this.live;
    for (const table of this.tables) table.commit();
  }
  discard(): void {
    this.written = [];
    this.buried = [];
    this.came = [];
    this.live = this.committedLive;
    for (const table of this.tables) table.discard();
  }

  /** How many versions the pending batch has written so far. */
  get pendingWrites(): number {
    return this.written.length;
  }

  /** The first `limit` (0: all) entries of [from, to), perhaps without their values. */
  current(from: Key, to: Key, view: View, limit = 0): Version[] {
    const entries: Version[] = [];
    this.newest.walk(from, to, view, (_, version) => {
      if (!isDead(version)) entries.push(version);
      return entries.length !== limit || limit === 0;
    });
    return entries;
  }
  /** The first versions of [from, to), deletions included, with their values: what the cache keeps. */
  load(from: Key, to: Key, most: number): Version[] {
    const versions: Version[] = [];
    this.newest.walk(from, to, "durable", (_, version) => {
      versions.push(version);
      return versions.length < most;
    });
    this.fill(versions.filter(version => !isDead(version)));
    return versions;
  }
  /** Keys whose deletion no reader from `compacted` on can see, and the same of bases; of the first `most` from `from` on. */
  compactedFrom(from: Key, compacted: Revision, most: number): { dead: Key[]; bases: Key[]; next: Key | undefined } {
    const dead: Key[] = [];
    const bases: Key[] = [];
    let next: Key | undefined;
    let seen = 0;
    this.dead.walk(from, ALL_KEYS, "durable", (key, revision) => {
      if (revision <= compacted) dead.push(key);
      if (++seen === most) next = `${key}\0`;
      return seen < most;
    });
    this.bases.walk(from, next ?? ALL_KEYS, "durable", (key, { until }) => {
      if (until <= compacted) bases.push(key);
      return true;
    });
    return { dead, bases, next };
  }
  /** Keys in [from, to). The ranges asked for last are counted on from then on, since the index must walk all of a range. */
  count(from: Key, to: Key, view: View): number {
    const name = `${from.length} ${from}${to}`;
    const known = view === "durable" ? this.counted.get(name) : undefined;
    if (known) return known.count;
    const flushed = this.indexIsAhead();
    const count = this.newest.count(from, to, view, flushed) - this.dead.count(from, to, view, flushed);
    if (view !== "durable" || from >= to) return count;
    if (this.counted.size >= COUNTED) this.counted.delete(this.counted.keys().next().value!);
    this.counted.set(name, { from, to, count });
    return count;
  }
  private readonly counted = new Map<string, { readonly from: Key; readonly to: Key; count: number }>();
  private came: { readonly key: Key; readonly more: number }[] = [];
  /** The entries of [from, to) as of `revision`, perhaps without their values. */
  older(from: Key, to: Key, revision: Revision, view: View, limit = 0): Version[] {
    const entries: Version[] = [];
    this.newest.walk(from, to, view, (_, version) => {
      const found = this.asOf(version, revision);
      if (found) entries.push(found);
      return entries.length !== limit || limit === 0;
    });
    return entries;
  }
  at(key: Key, revision: Revision): Version | undefined {
    const version = this.version(key, "durable");
    return version && this.asOf(version, revision);
  }
  /** The entry of the same key that a reader at `revision` sees; with the pending batch, if it is newer than that. */
  asOf(newest: Version, revision: Revision): Version | undefined {
    let version = newest;
    while (version.modRevision > revision && version.before) version = version.before;
    if (version.modRevision <= revision) return isDead(version) ? undefined : version;
    for (let { link } = this.cell(version); link; ) {
      const found = this.follow(version.key, link);
      if (!found) return undefined;
      if (found.version.modRevision <= revision) return isDead(found.version) ? undefined : found.version;
      link = found.link;
    }
    return undefined;
  }
  /** The version at `link`, also when it has been moved; undefined: it is compacted. */
  follow(key: Key, link: Link): { version: Version; link?: Link } | undefined {
    if (this.log().has(link.segment)) return this.cell({ key, ...link });
    const base = this.bases.get(key, "pending");
    return base?.version.modRevision === link.modRevision ? base : undefined;
  }
  private cell({ key, modRevision, segment, at, size }: Link & { key: Key }) {
    return this.decoded(key, modRevision, segment, at, () => this.log().read(segment, at, size));
  }
  private decoded(key: Key, modRevision: Revision, segment: number, at: number, read: () => Uint8Array) {
    try {
      const cell = decodeCell(new Reader(read()), segment, at);
      if (cell.version.key === key && cell.version.modRevision === modRevision) return cell;
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof Damaged)) throw error;
    }
    const error = new Damaged(`segment ${segment}`, at, `it does not hold revision ${modRevision} of the key ${key}`);
    this.damaged(error);
    throw error;
  }

  /** The same entry with its value. */
  full<E extends Entry>(entry: E): E {
    if (isUnread(entry)) this.fill([entry as unknown as Version]);
    return entry;
  }
  /** Reads the values that are missing, neighbours in the log together. */
  fill(versions: readonly Version[]): void {
    const unread = versions.filter(isUnread);
    if (unread.length === 0) return;
    unread.sort((a, b) => a.segment - b.segment || a.at - b.at);
    for (let i = 0; i < unread.length; ) {
      const { segment, at } = unread[i]!;
      let end = at + unread[i]!.size;
      let wanted = unread[i]!.size;
      let next = i + 1;
      for (; next < unread.length; next++) {
        const { segment: other, at: start, size } = unread[next]!;
        if (other !== segment || start > end + GAP || start + size > at + RUN) break;
        end = Math.max(end, start + size);
        wanted += size;
      }
      const run = unread.slice(i, next);
      let bytes: Uint8Array | undefined;
      // A value keeps all the bytes that it was read with in memory.
      const sparse = wanted < (end - at) / 2;
      for (const version of run) {
        const { key, modRevision, at: start, size } = version;
        const { version: whole } = this.decoded(key, modRevision, segment, start, () => {
          bytes ??= this.log().read(segment, at, end - at);
          return bytes.subarray(start - at, start - at + size);
        });
        version.value = sparse ? whole.value.slice() : whole.value;
      }
      i = next;
    }
  }

  heldLeases(): Lease[] {
    const leases: Lease[] = [];
    this.leases.walk("", NUMBER_END, "durable", (key, ttl) => {
      leases.push({ id: numberOfKey(key), ttl });
      return true;
    });
    return leases;
  }
  named(prefix = ""): [string, Uint8Array][] {
    const named: [string, Uint8Array][] = [];
    this.meta.walk(prefix, prefixEnd(prefix), "durable", (name, value) => {
      named.push([name, value]);
      return true;
    });
    return named;
  }
  attachedTo(lease: number, view: View): Key[] {
    const keys: Key[] = [];
    this.attached.walk(numberKey(lease), numberKey(lease + 1), view, key => {
      keys.push(key.slice(8));
      return true;
    });
    return keys;
  }
  /** A frame that holds the first events of a revision; some are kept, so that a watch from the past need not read all of a segment. */
  noteFrame(frame: Link): void {
    const { segment, at } = this.noted;
    if (frame.segment === segment && frame.at < at + NOTED) return;
    this.noted = frame;
    this.places.set(numberKey(frame.modRevision), frame, false);
  }
  private noted = { segment: 0, at: 0 };
  /** The last frame from which on all events of `revision` and later lie that is known, of those with revisions above `above`. */
  placeOf(revision: Revision, above: Revision): Link | undefined {
    let found: Link | undefined;
    this.places.walk(numberKey(above), numberKey(revision + 1), "durable", (_, link) => {
      if (this.log().has(link.segment)) found = link;
      return true;
    });
    return found;
  }

  /** The rows of places before a segment. */
  placesBefore(segment: number): Key[] {
    const rows: Key[] = [];
    this.places.walk("", NUMBER_END, "durable", (row, link) => {
      if (link.segment < segment) rows.push(row);
      return link.segment < segment;
    });
    return rows;
  }
  /** Bytes in the log of the newest entries that are durable. */
  get committed(): number {
    return this.committedLive;
  }
  /** Begins to move what is durable in the log before `mark` into the index. */
  freeze(mark: Mark): void {
    for (const table of this.tables) table.freeze();
    this.flushing = mark;
  }
  get isFlushing(): boolean {
    return this.flushing !== undefined;
  }
  /** Writes what `freeze` set apart; may be called again after a failure. */
  async flush(): Promise<void> {
    const mark = this.flushing!;
    const changes: Change[] = [];
    const writer = new Writer(FLUSH);
    for (const table of this.tables) table.changes(changes, writer);
    changes.push({ key: MARK_KEY, value: encodeMark(mark) });
    await this.index.write(changes);
    for (const table of this.tables) table.flushed();
    this.flushing = undefined;
    this.mark = mark;
  }
  private indexIsAhead(): boolean {
    return this.flushing !== undefined && (readMark(this.index)?.flush ?? 0) >= this.flushing.flush;
  }
}

const weigh = (version: Version) => version.size || cellSize(version);

const versionCodec = {
  encode(writer: Writer, version: Version): void {
    encodePlace(writer, version);
    if (isDead(version)) return;
    writer.number(version.createRevision);
    writer.number(version.version);
    writer.number(version.lease);
  },
  decode(key: Key, bytes: Uint8Array): Version {
    const reader = new Reader(bytes);
    const version = linked(key, decodePlace(reader));
    if (reader.left === 0) return version;
    return { ...version, createRevision: reader.number(), version: reader.number(), lease: reader.number() };
  },
};
const baseCodec = {
  encode(writer: Writer, { version, until }: Base): void {
    writer.number(until);
    versionCodec.encode(writer, version);
  },
  decode: (key: Key, bytes: Uint8Array): Base => ({
    until: new Reader(bytes).number(),
    version: versionCodec.decode(key, bytes.subarray(8)),
  }),
};
const numberCodec = {
  encode: (writer: Writer, value: number) => writer.number(value),
  decode: (_: Key, bytes: Uint8Array) => new Reader(bytes).number(),
};
function encodeMark(mark: Mark): Uint8Array {
  const writer = new Writer(64);
  for (const n of [mark.flush, mark.segment, mark.at, mark.revision, mark.compacted, mark.oldest, mark.lastLease, mark.live])
    writer.number(n);
  return writer.done();
}
function readMark(index: Index): Mark | undefined {
  const bytes = index.get(MARK_KEY);
  if (!bytes) return undefined;
  const r = new Reader(bytes);
  const [flush, segment, at, revision] = [r.number(), r.number(), r.number(), r.number()];
  return { flush, segment, at, revision, compacted: r.number(), oldest: r.number(), lastLease: r.number(), live: r.number() };
}
