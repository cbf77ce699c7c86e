import type { Cache } from "./cache.ts";
import { Cells } from "./cells.ts";
import { ALL_KEYS, type Key, type Lease, type LeaseId, prefixEnd, type Revision, type StoreEvent } from "./contract.ts";
import { Counts } from "./counts.ts";
import { keyOfRow, type Layered, type View } from "./layered.ts";
import type { Damaged, Log } from "./log.ts";
import { type Mark, putMark, readMark } from "./mark.ts";
import { Places } from "./places.ts";
import type { Index } from "./ports.ts";
import { cellSize, type Head, type LogEvent, leaseKey, leaseOfKey, numberKey } from "./record.ts";
import { Rows } from "./rows.ts";
import type { Run } from "./run.ts";
import { isEntryRow, type Tables, tablesOver } from "./tables.ts";
import { isDead, isToRead, type Link, type Version, versionOf } from "./version.ts";

const NUMBER_END = "\xff".repeat(9);
/** Rows that are put together for the index for each key that is written meanwhile. */
const PACE = 4;
/** Bytes of log for each place that is kept. */
const NOTED = 256 * 1024;

/** What the store holds, in its tables and with the batch being put together; values lie in the log. */
export class State {
  readonly index: Index;
  readonly tables: Tables;
  readonly cells: Cells;
  mark: Mark | undefined;
  /** Bytes in the log of the newest entries; with the pending batch. */
  live = 0;
  private committedLive = 0;
  private readonly all: readonly Tables[keyof Tables][];
  private readonly counts = new Counts();
  private flushing: Mark | undefined;
  private written: Version[] = [];
  private buried: Key[] = [];
  private noted = { segment: 0, at: 0 };
  /** The key that was looked up last for the pending batch, since it is asked for again when it is written. */
  private sought: Key | undefined;
  private found: Version | undefined;
  cache: Cache | undefined;
  /** Those of one load after another. */
  private readonly places = new Places(0);

  /** `damaged` is told when a cell of the log is not what the index says. */
  constructor(index: Index, log: () => Log, damaged: (error: Damaged) => void = () => {}) {
    this.index = index;
    this.mark = readMark(index);
    this.tables = tablesOver(index, this.mark === undefined);
    this.all = Object.values(this.tables);
    this.cells = new Cells(log, damaged);
    this.live = this.committedLive = this.mark?.live ?? 0;
  }

  /** The key's newest version, with or without its value; a deletion, too. */
  version(key: Key, view: View): Version | undefined {
    if (view === "durable") return this.durable(key);
    if (key === this.sought) return this.found;
    const pending = this.tables.newest.inPending(key);
    this.found = pending === undefined ? this.durable(key) : (pending ?? undefined);
    this.sought = key;
    return this.found;
  }
  private durable(key: Key): Version | undefined {
    const { newest } = this.tables;
    let known = newest.known(key);
    if (known === undefined) known = this.cache?.get(key);
    return known === undefined ? newest.indexed(key) : (known ?? undefined);
  }
  /** The key's entry, perhaps without its value. */
  entry(key: Key, view: View): Version | undefined {
    const version = this.version(key, view);
    return version && !isDead(version) ? version : undefined;
  }

  /** Writes one event into the pending batch, its revision's change `sub` (from 0 on); the log learns of what is returned. */
  write({ type, entry, previous }: StoreEvent, sub: number): LogEvent {
    const { key } = entry;
    const before = this.version(key, "pending");
    const version = versionOf(entry, sub, before ?? null);
    // What is kept must not keep much else in memory.
    if (version.value.buffer.byteLength > 2 * version.value.length + 1024) version.value = version.value.slice();
    this.place(version, before);
    return previous ? { type, entry: version, previous } : { type, entry: version };
  }
  /** The same for a version that the log has already, or that is to be moved. */
  place(version: Version, before = this.version(version.key, "pending")): void {
    const { key } = version;
    const { newest, dead, attached } = this.tables;
    newest.set(key, version, before !== undefined);
    this.sought = undefined;
    this.written.push(version);
    const wasDead = before !== undefined && isDead(before);
    if (isDead(version)) dead.set(key, version.modRevision, wasDead);
    else if (wasDead) dead.set(key, null, true);
    if (before && !wasDead) this.live -= weigh(before);
    if (!isDead(version)) this.live += weigh(version);
    this.counts.note(key, (isDead(version) ? 0 : 1) - (before && !wasDead ? 1 : 0));
    if (before?.lease && before.lease !== version.lease) attached.set(leaseKey(before.lease) + key, null, true);
    if (version.lease && before?.lease !== version.lease) attached.set(leaseKey(version.lease) + key, true, false);
  }
  /** The key's deletion has been compacted. */
  bury(key: Key): void {
    this.tables.newest.set(key, null, true);
    this.tables.dead.set(key, null, true);
    this.sought = undefined;
    this.buried.push(key);
  }
  /** Takes a segment's head for what leases and named values there are; for opening. */
  begin({ leases, meta }: Head): void {
    const { tables } = this;
    const clear = <V>(table: Layered<V>) => {
      const keys: Key[] = [];
      table.walk("", ALL_KEYS, "pending", key => {
        keys.push(key);
        return true;
      });
      for (const key of keys) table.set(key, null, true);
    };
    clear(tables.leases);
    clear(tables.meta);
    this.commit();
    for (const { id, ttl } of leases) tables.leases.set(leaseKey(id), ttl, false);
    for (const [name, value] of meta) tables.meta.set(name, value.slice(), false);
  }
  commit(): void {
    // First what is buried: its key may have come again in the same batch, never the other way round.
    for (const key of this.buried) this.cache?.forget(key);
    for (const version of this.written) {
      version.before = undefined;
      this.cache?.put(version);
    }
    this.counts.commit();
    this.written = [];
    this.buried = [];
    this.sought = this.found = undefined;
    this.committedLive = this.live;
    for (const table of this.all) table.commit();
  }
  discard(): void {
    this.written = [];
    this.buried = [];
    this.counts.discard();
    this.sought = this.found = undefined;
    this.live = this.committedLive;
    for (const table of this.all) table.discard();
  }

  /** How many versions the pending batch has written so far. */
  get pendingWrites(): number {
    return this.written.length;
  }

  /** The first `limit` (0: all) entries of [from, to), perhaps without their values. */
  current(from: Key, to: Key, view: View, limit = 0): Version[] {
    const entries: Version[] = [];
    this.tables.newest.walk(from, to, view, (_, version) => {
      if (!isDead(version)) entries.push(version);
      return entries.length !== limit || limit === 0;
    });
    return entries;
  }
  /** The first versions of [from, to), deletions included, with their values: what the cache keeps. */
  load(from: Key, to: Key, most: number): Run {
    const places = this.places.clear();
    const known: (Version | undefined)[] = [];
    const note = (version: Version) => {
      if (isToRead(version)) places.add(version);
      else {
        known[places.count] = version;
        places.pass();
      }
      return places.count < most;
    };
    const { newest } = this.tables;
    newest.walkRows(
      from,
      to,
      "durable",
      (_, version) => note(version),
      row => {
        if (!isEntryRow(row)) return note(newest.decode(keyOfRow(row), row));
        places.addRow(row);
        return places.count < most;
      },
    );
    return this.cells.run(places, known);
  }
  /** Keys whose deletion no reader from `compacted` on can see, and the same of bases; of the first `most` from `from` on. */
  compactedFrom(from: Key, compacted: Revision, most: number): { dead: Key[]; bases: Key[]; next: Key | undefined } {
    const dead: Key[] = [];
    const bases: Key[] = [];
    let next: Key | undefined;
    let seen = 0;
    this.tables.dead.walk(from, ALL_KEYS, "durable", (key, revision) => {
      if (revision <= compacted) dead.push(key);
      if (++seen === most) next = `${key}\0`;
      return seen < most;
    });
    this.tables.bases.walk(from, next ?? ALL_KEYS, "durable", (key, { until }) => {
      if (until <= compacted) bases.push(key);
      return true;
    });
    return { dead, bases, next };
  }
  /** Keys in [from, to). */
  count(from: Key, to: Key, view: View): number {
    const walk = () => {
      const flushed = this.indexIsAhead();
      return this.tables.newest.count(from, to, view, flushed) - this.tables.dead.count(from, to, view, flushed);
    };
    return view === "durable" ? this.counts.of(from, to, walk) : walk();
  }
  /** The entries of [from, to) as of `revision`, perhaps without their values. */
  older(from: Key, to: Key, revision: Revision, view: View, limit = 0): Version[] {
    const entries: Version[] = [];
    this.tables.newest.walk(from, to, view, (_, version) => {
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
    if (version.before === null) return undefined;
    for (let { link } = this.cells.read(version.key, version); link; ) {
      const found = this.follow(version.key, link);
      if (!found) return undefined;
      if (found.version.modRevision <= revision) return isDead(found.version) ? undefined : found.version;
      link = found.link;
    }
    return undefined;
  }
  /** The version at `link`, also when it has been moved; undefined: it is compacted. */
  follow(key: Key, link: Link): { version: Version; link?: Link } | undefined {
    if (this.cells.has(link)) return this.cells.read(key, link);
    const base = this.tables.bases.get(key, "pending");
    return base?.version.modRevision === link.modRevision ? base : undefined;
  }

  heldLeases(): Lease[] {
    const leases: Lease[] = [];
    this.tables.leases.walk("", NUMBER_END, "durable", (key, ttl) => {
      leases.push({ id: leaseOfKey(key), ttl });
      return true;
    });
    return leases;
  }
  named(prefix = ""): [string, Uint8Array][] {
    const named: [string, Uint8Array][] = [];
    this.tables.meta.walk(prefix, prefixEnd(prefix), "durable", (name, value) => {
      named.push([name, value]);
      return true;
    });
    return named;
  }
  attachedTo(lease: LeaseId, view: View): Key[] {
    const keys: Key[] = [];
    this.tables.attached.walk(leaseKey(lease), prefixEnd(leaseKey(lease)), view, key => {
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
    this.tables.places.set(numberKey(frame.modRevision), frame, false);
  }
  /** The last frame from which on all events of `revision` and later lie that is known, of those with revisions above `above`. */
  placeOf(revision: Revision, above: Revision): Link | undefined {
    let found: Link | undefined;
    this.tables.places.walk(numberKey(above + 1), numberKey(revision + 1), "durable", (_, link) => {
      if (this.cells.has(link)) found = link;
      return true;
    });
    return found;
  }

  /** The rows of places before a segment. */
  placesBefore(segment: number): Key[] {
    const rows: Key[] = [];
    this.tables.places.walk("", NUMBER_END, "durable", (row, link) => {
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
    for (const table of this.all) table.freeze();
    this.flushing = mark;
  }
  get isFlushing(): boolean {
    return this.flushing !== undefined;
  }
  /** Writes what `freeze` set apart; may be called again after a failure. `turn` lets others go on meanwhile, where there are any. */
  async flush(turn?: () => Promise<void>): Promise<void> {
    const mark = this.flushing!;
    const rows = new Rows();
    const { newest } = this.tables;
    for (const table of this.all) {
      // Those who write must not come so often that ever more is behind.
      for (const _ of table.changes(rows)) if (rows.length >= PACE * newest.fresh) await turn?.();
    }
    await this.index.write(changes => {
      rows.tell(changes);
      putMark(mark, changes);
    });
    for (const table of this.all) table.flushed();
    this.flushing = undefined;
    this.mark = mark;
    this.tables.newest.learn();
  }
  private indexIsAhead(): boolean {
    return this.flushing !== undefined && (readMark(this.index)?.flush ?? 0) >= this.flushing.flush;
  }
}

const weigh = (version: Version) => version.size || cellSize(version);
