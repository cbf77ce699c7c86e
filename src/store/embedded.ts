import { text, utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import { Cache } from "./cache.ts";
import { crc32 } from "./checksum.ts";
import { moveOut } from "./cleaner.ts";
import {
  ALL_KEYS,
  type Alarm,
  Compacted,
  type Compare,
  type Entry,
  FutureRevision,
  type Key,
  type Lease,
  LeaseExists,
  LeaseNotFound,
  type LeaseState,
  type LocalStore,
  NoSpace,
  type Op,
  type RangeOptions,
  type RangeResult,
  type Retained,
  type Revision,
  StoreClosed,
  type StoreEvent,
  type TxnResult,
  type Watch,
  type WatchOptions,
} from "./contract.ts";
import { Leases } from "./lease.ts";
import { beginFrame, type Log, type Segment } from "./log.ts";
import { type Taken, takeDirectory } from "./open.ts";
import type { Checksum, FileSystem, Index } from "./ports.ts";
import { decodeRecords, encodeRecord, type Head, type LogEvent, type LogRecord, numberKey, Writer } from "./record.ts";
import { hashRetained, headOf } from "./retained.ts";
import { Room } from "./room.ts";
import { scanBatches } from "./scan.ts";
import type { State } from "./state.ts";
import { type Draft, evaluate, mayPut, tombstone, withoutValues } from "./txn.ts";
import { isDead, isUnread, type Link, type Version, versionOf } from "./version.ts";
import { BATCH_EVENTS, EVENT_OVERHEAD, type History, type HistoryRange, type Piece, Watchers } from "./watch.ts";

export interface EmbeddedOptions {
  readonly clock: Clock;
  readonly files: FileSystem;
  /** Opens, or makes, the index at a path. */
  readonly openIndex: (path: string) => Promise<Index>;
  /** Where the store's files are; made when it does not exist. */
  readonly directory: string;
  readonly checksum?: Checksum;
  readonly watchBuffer?: number;
  /** Watches at once. */
  readonly watches?: number;
  /** Bytes above which nothing more is put. */
  readonly limit?: number;
  /** Bytes kept free on the disk, so that deletions and compaction have room when it is full. */
  readonly reserve?: number;
  /** Bytes of log, and events, after which the index is told of them; bytes of one segment; bytes of entries, and of events, kept in memory. */
  readonly flushBytes?: number;
  readonly flushEvents?: number;
  readonly segmentBytes?: number;
  readonly cacheBytes?: number;
  readonly recentBytes?: number;
}

/**
 * Opens the store on disk. Throws InUse's sentence when another process has it, one that names the formats when a newer
 * version wrote it, and Damaged (log.ts) when its log has been changed by something else than a crash.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<LocalStore> {
  return opened(options);
}
/** Fills a fresh directory with what `stream` gives: a store equal to the one that it comes from; its leases begin anew. */
export async function restoreEmbedded(options: EmbeddedOptions, stream: AsyncIterable<Retained>): Promise<LocalStore> {
  const store = await opened(options);
  try {
    if (store.revision > 1) throw new StoreClosed(`the data directory ${options.directory} holds a store already`);
    await store.restore(stream);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
async function opened(options: EmbeddedOptions): Promise<EmbeddedStore> {
  let store: EmbeddedStore | undefined;
  const taken = await takeDirectory({ checksum: crc32, ...options, damaged: () => store?.corrupt() });
  store = new EmbeddedStore(options, taken);
  return store;
}

/** One thing to be done in the order of arrival: `run` puts its changes into the pending batch and says what to log. */
interface Job {
  run(): readonly LogRecord[];
  /** The group that it was part of is durable (`revision`: the store's, after this job), or was undone. */
  done(revision: Revision): void;
  failed(error: unknown): void;
}
/** Bytes of one group, after which further jobs wait for the next. */
const GROUP = 4 * 1024 * 1024;
/** Times of a flush's size that the log may be ahead of the index before writers wait for it. */
const BACKLOG = 4;
const FLUSH_RETRY = 1000;
const ALARMS = "\0alarms";

class EmbeddedStore implements LocalStore, History {
  revision: Revision;
  compacted: Revision;
  oldest: Revision;
  private lastLease: number;
  private readonly state: State;
  private readonly log: Log;
  private readonly taken: Taken;
  private readonly clock: Clock;
  private readonly flushBytes: number;
  private readonly flushEvents: number;
  private readonly segmentBytes: number;
  private readonly held: Leases;
  private readonly watchers: Watchers;
  private readonly draft: Draft;
  private readonly checksum: Checksum;
  private readonly cache: Cache;
  private readonly room: Room;
  private readonly writer = new Writer(256 * 1024);

  private waiting: Job[] = [];
  private writing: Promise<void> | undefined;
  /** The revision of the pending batch, and leases granted and revoked in it. */
  private pendingRevision: Revision;
  private pendingLeases = new Map<number, boolean>();
  private pendingCompacted: Revision;
  /** The newest revisions with their events, oldest first. */
  private recent: { revision: Revision; events: readonly StoreEvent[]; bytes: number }[] = [];
  private recentBytes = 0;
  private readonly recentMost: number;

  private maintaining: Promise<{ error: unknown } | undefined> | undefined;
  private flushing: Promise<void> | undefined;
  private frozenAt: { events: number; bytes: number };
  private events = 0;
  private indexBytes: number;
  private appended = 0;
  private swept: Revision = 0;
  private wantedDefragment = false;
  /** Readers of all that is retained, for whom nothing may be swept or cleaned. */
  private pins = 0;
  private flushRefusedAt = Number.NEGATIVE_INFINITY;
  private closing: Promise<void> | undefined;

  constructor(options: EmbeddedOptions, taken: Taken) {
    this.taken = taken;
    this.state = taken.state;
    this.log = taken.log;
    this.clock = options.clock;
    this.checksum = options.checksum ?? crc32;
    this.flushBytes = options.flushBytes ?? limits.storeFlushBytes;
    this.flushEvents = options.flushEvents ?? limits.storeFlushEvents;
    this.recentMost = options.recentBytes ?? limits.storeRecent;
    this.segmentBytes = options.segmentBytes ?? limits.storeSegment;
    this.revision = this.pendingRevision = taken.revision;
    this.compacted = this.pendingCompacted = taken.compacted;
    this.oldest = taken.oldest;
    this.lastLease = taken.lastLease;
    this.frozenAt = { events: 0, bytes: 0 };
    // What was replayed is the index's to be told, too.
    const { mark } = this.state;
    const { segment, at } = this.log.end;
    this.appended = mark?.segment === segment ? at - mark.at : this.log.size;
    this.indexBytes = this.state.index.size();
    this.watchers = new Watchers(this, { buffer: options.watchBuffer ?? limits.watchBuffer, most: options.watches ?? limits.watches });
    this.cache = new Cache(options.cacheBytes ?? limits.storeCache, (from, to, most) => this.state.load(from, to, most));
    this.state.cache = this.cache;
    this.held = new Leases(options.clock, ids => {
      // A lease that cannot be revoked now rings again.
      for (const id of ids) this.revoke(id).catch(() => {});
    });
    for (const lease of this.state.heldLeases()) this.held.add(lease);
    const { limit = limits.storeSize, reserve = limits.storeReserve, clock, files, directory } = options;
    const alarms = this.state.tables.meta.get(ALARMS, "durable");
    this.room = new Room({ limit, reserve, clock, files, directory }, alarms ? JSON.parse(text(alarms)) : {}, alarmed => {
      // When it cannot be noted now, it is seen anew after the next start.
      this.name(ALARMS, this.room.alarms().length > 0 ? utf8(JSON.stringify(alarmed)) : undefined).catch(() => {});
    });
    this.draft = this.newDraft();
    this.room.grown(this.log.size);
  }
  private newDraft(): Draft {
    const store = this;
    const { state } = this;
    return {
      get revision() {
        return store.pendingRevision;
      },
      get compacted() {
        return store.pendingCompacted;
      },
      get: key => state.entry(key, "pending"),
      full: entry => state.cells.full(entry),
      range: (from, to, { limit = 0, revision, countOnly } = {}) => {
        if (countOnly && !revision) return { entries: [], count: state.count(from, to, "pending") };
        const all = revision ? state.older(from, to, revision, "pending") : state.current(from, to, "pending");
        const entries = countOnly ? [] : limit > 0 ? all.slice(0, limit) : all;
        state.cells.fill(entries);
        return { entries, count: all.length };
      },
      hasLease: id => this.pendingLeases.get(id) ?? this.held.has(id),
      write: event => state.write(event),
    };
  }

  async get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    this.check(revision);
    const entry = revision ? this.state.at(key, revision) : this.state.entry(key, "durable");
    return entry && this.state.cells.full(entry);
  }
  async range(from: Key, to: Key, { revision = 0, limit = 0, keysOnly, countOnly }: RangeOptions = {}): Promise<RangeResult> {
    this.check(revision);
    const { state } = this;
    const old = revision > 0 && revision < this.revision;
    const answer = (entries: readonly Entry[], count: number) => ({
      entries,
      count,
      more: !countOnly && count > entries.length,
      revision: this.revision,
    });
    if (old) {
      const all = state.older(from, to, revision, "durable");
      if (countOnly) return answer([], all.length);
      const entries = limit > 0 ? all.slice(0, limit) : all;
      if (keysOnly) return answer(withoutValues(entries), all.length);
      state.cells.fill(entries);
      return answer(entries, all.length);
    }
    if (countOnly) return answer([], state.count(from, to, "durable"));
    const entries = keysOnly ? withoutValues(state.current(from, to, "durable", limit)) : this.cache.range(from, to, limit);
    return answer(entries, limit > 0 && entries.length === limit ? state.count(from, to, "durable") : entries.length);
  }
  scan(from: Key, to: Key, options: RangeOptions = {}): AsyncIterable<readonly Entry[]> {
    return scanBatches(from, to, { ...options, revision: options.revision || this.revision }, (start, revision, limit) => {
      this.check(revision);
      return this.readAt(start, to, revision, limit, !options.keysOnly);
    });
  }
  private readAt(from: Key, to: Key, revision: Revision, limit: number, values: boolean): readonly Entry[] {
    const { state } = this;
    const old = revision < this.revision;
    if (!old && values) return this.cache.range(from, to, limit);
    const entries = old ? state.older(from, to, revision, "durable", limit) : state.current(from, to, "durable", limit);
    if (values) state.cells.fill(entries);
    return entries;
  }

  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    this.check();
    return this.watchers.watch(from, to, options);
  }
  since(after: Revision, range: HistoryRange): Piece | Promise<Piece> {
    const { recent } = this;
    if (recent.length > 0 && recent[0]!.revision <= after + 1) return this.sinceRecent(after, range);
    return this.sinceLogged(after, range).catch(error => {
      // What it was reading may have been compacted meanwhile.
      throw after + 1 < this.oldest ? new Compacted(this.compacted) : error;
    });
  }
  private sinceRecent(after: Revision, range: HistoryRange): Piece {
    const { recent } = this;
    const events: StoreEvent[] = [];
    let i = after + 1 - recent[0]!.revision;
    for (; i < recent.length && events.length < BATCH_EVENTS; i++)
      for (const event of recent[i]!.events) if (event.entry.key >= range.from && event.entry.key < range.to) events.push(event);
    return { revision: recent[i - 1]?.revision ?? after, events: range.previous ? events.map(event => this.withPrevious(event)) : events };
  }
  private async sinceLogged(after: Revision, { from, to, previous, cursor }: HistoryRange): Promise<Piece> {
    const newest = this.revision;
    const segments = this.log.all();
    let place = cursor as { segment: number; at: number } | undefined;
    if (!place) {
      const i = segments.findIndex(({ lastRevision }) => lastRevision > after);
      place = { segment: segments[i]!.number, at: this.state.placeOf(after + 1, segments[i - 1]?.lastRevision ?? 0)?.at ?? 0 };
    }
    const { segment } = place;
    const events: StoreEvent[] = [];
    let revision = after;
    let bytes = 0;
    const at = await this.log.readFrames(segment, place.at, (body, bodyAt) => {
      for (const record of decodeRecords(body, segment, bodyAt)) {
        if (record.kind !== "events" || record.events.length === 0 || record.revision <= after || record.revision > newest) continue;
        revision = record.revision;
        for (const event of record.events) {
          const { key } = event.entry;
          if (key < from || key >= to) continue;
          bytes += event.entry.size;
          // Its bytes are a part of all that was read at once.
          events.push(previous ? this.withPrevious(event) : event);
        }
      }
      return events.length < BATCH_EVENTS && bytes < PIECE;
    });
    const last = this.log.all().find(({ number }) => number === segment);
    const ended = last !== undefined && at >= last.end && this.log.has(segment + 1);
    return { revision, events, cursor: ended ? { segment: segment + 1, at: 0 } : { segment, at } };
  }
  /** An event with what it replaced, unless that is compacted. */
  private withPrevious(event: StoreEvent & { readonly link?: Link }): StoreEvent {
    const { type, entry, previous } = event;
    if (previous && !isUnread(previous)) return { type, entry, previous };
    const link = event.link ?? (previous as Version | undefined);
    if (!link || entry.modRevision <= this.compacted) return { type, entry };
    const found = this.state.follow(entry.key, link)?.version;
    return found && !isDead(found) ? { type, entry, previous: this.state.cells.full(found) } : { type, entry };
  }

  txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    const puts = mayPut(then, otherwise);
    return this.submit(() => {
      if (puts) this.room.check(this.size());
      const revision = this.pendingRevision + 1;
      const { succeeded, results, events } = evaluate(this.draft, revision, compare, then, otherwise);
      return { records: this.recorded(revision, events), answer: at => ({ succeeded, revision: at, results }) };
    });
  }
  grant(ttl: number, wanted?: number): Promise<Lease> {
    return this.submit(() => {
      this.room.check(this.size());
      const id = wanted ?? this.lastLease + 1;
      if (this.draft.hasLease(id)) throw new LeaseExists();
      const lease = { id, ttl: Math.max(1, ttl) };
      return { records: [this.granted(lease)], answer: () => lease };
    });
  }
  private granted(lease: Lease): LogRecord {
    this.lastLease = Math.max(this.lastLease, lease.id);
    this.pendingLeases.set(lease.id, true);
    this.state.tables.leases.set(numberKey(lease.id), lease.ttl, false);
    return { kind: "grant", lease };
  }
  async keepAlive(id: number): Promise<Lease> {
    this.check();
    return this.held.keepAlive(id);
  }
  revoke(id: number): Promise<void> {
    return this.submit(() => {
      if (!this.draft.hasLease(id)) throw new LeaseNotFound();
      const revision = this.pendingRevision + 1;
      const events = this.state.attachedTo(id, "pending").map(key => {
        const previous = this.draft.get(key);
        return this.state.write({ type: "delete", entry: tombstone(key, revision), previous });
      });
      this.pendingLeases.set(id, false);
      this.state.tables.leases.set(numberKey(id), null, true);
      this.recorded(revision, events);
      return { records: [{ kind: "events", revision: this.pendingRevision, events, revoked: id }], answer: () => undefined };
    });
  }
  async leases(): Promise<readonly number[]> {
    this.check();
    return this.held.list().map(({ id }) => id);
  }
  async timeToLive(id: number): Promise<LeaseState> {
    this.check();
    return { ...this.held.state(id), keys: this.state.attachedTo(id, "durable") };
  }
  async compact(revision: Revision): Promise<void> {
    await this.submit(() => {
      if (revision <= this.pendingCompacted) throw new Compacted(this.pendingCompacted);
      if (revision > this.pendingRevision) throw new FutureRevision(this.pendingRevision);
      this.pendingCompacted = revision;
      return { records: [{ kind: "compact", revision, oldest: revision }], answer: () => undefined };
    });
    this.maintain();
  }

  size(): number {
    return this.log.size + this.indexBytes;
  }
  inUse(): number {
    return this.size() - this.garbage(this.log.all().filter(({ lastRevision }) => lastRevision <= this.compacted));
  }
  /** Bytes of these segments that nobody needs, at most: all that is needed of them is newest entries. */
  private garbage(compacted: readonly Segment[]): number {
    const bytes = compacted.reduce((sum, { end }) => sum + end, 0);
    return Math.max(0, bytes - this.state.live);
  }
  async defragment(): Promise<void> {
    this.check();
    await this.maintaining;
    this.wantedDefragment = true;
    this.flushRefusedAt = Number.NEGATIVE_INFINITY;
    this.maintain();
    const failed = await this.maintaining;
    this.wantedDefragment = false;
    if (failed) throw failed.error;
  }
  alarms(): readonly Alarm[] {
    return this.room.alarms();
  }
  async disarm(): Promise<void> {
    this.check();
    await this.room.disarm();
  }
  corrupt(): void {
    this.room.corrupt();
  }
  readonly meta = {
    get: (name: string) => this.state.tables.meta.get(name, "durable"),
    names: (prefix: string): readonly string[] =>
      this.state
        .named(prefix)
        .map(([name]) => name)
        .filter(name => name !== ALARMS),
    set: (name: string, value: Uint8Array | undefined): Promise<void> => this.name(name, value),
  };
  private name(name: string, value: Uint8Array | undefined): Promise<void> {
    return this.submit(() => {
      this.state.tables.meta.set(name, value ?? null, true);
      return { records: [{ kind: "meta", name, ...(value && { value }) }], answer: () => undefined };
    });
  }
  async hash(revision: Revision = 0): Promise<{ hash: number; revision: Revision; compacted: Revision }> {
    this.check(revision);
    const { compacted } = this;
    const upTo = revision || this.revision;
    return { hash: await hashRetained(this.retained(), upTo, this.checksum), revision: upTo, compacted };
  }
  retained(): AsyncIterable<Retained> {
    this.check();
    const { revision, compacted, lastLease, state } = this;
    const leases = this.held.list();
    const named = state.named().filter(([name]) => name !== ALARMS);
    this.pins++;
    const unpin = () => {
      this.pins--;
      this.maintain();
    };
    const since = (after: Revision, cursor: unknown) => this.sinceLogged(after, { from: "", to: ALL_KEYS, previous: false, cursor });
    const entriesFrom = (from: Key): readonly Entry[] => this.readAt(from, ALL_KEYS, compacted, limits.storeBatch, true);
    return (async function* (): AsyncGenerator<Retained> {
      try {
        yield { kind: "head", revision, compacted, lastLease };
        for (let from = ""; compacted > 0; ) {
          const entries = entriesFrom(from);
          if (entries.length > 0) yield { kind: "entries", entries };
          if (entries.length < limits.storeBatch) break;
          from = `${entries.at(-1)!.key}\0`;
        }
        let cursor: unknown;
        for (let after = Math.max(1, compacted); after < revision; ) {
          const piece = await since(after, cursor);
          cursor = piece.cursor;
          after = piece.revision;
          for (const changes of wholeRevisions(piece.events)) if (changes.revision <= revision) yield changes;
        }
        for (const lease of leases) yield { kind: "lease", lease };
        for (const [name, value] of named) yield { kind: "meta", name, value };
      } finally {
        unpin();
      }
    })();
  }
  async restore(stream: AsyncIterable<Retained>): Promise<void> {
    const { head, rest } = await headOf(stream);
    const add = (make: () => readonly LogRecord[]) => this.submit(() => ({ records: make(), answer: () => undefined }));
    let based = head.compacted === 0;
    const base = async () => {
      if (based) return;
      based = true;
      await add(() => {
        this.pendingRevision = this.pendingCompacted = head.compacted;
        return [{ kind: "compact", revision: head.compacted, oldest: head.compacted + 1 }];
      });
    };
    const { state } = this;
    for await (const part of rest) {
      if (part.kind !== "entries") await base();
      if (part.kind === "entries")
        await add(() =>
          part.entries.map(entry => {
            const version = versionOf(entry);
            state.place(version);
            return { kind: "moved", until: 0, version };
          }),
        );
      else if (part.kind === "changes")
        await add(() =>
          this.recorded(
            part.revision,
            part.events.map(event => state.write(event)),
          ),
        );
      else if (part.kind === "lease") await add(() => [this.granted(part.lease)]);
      else if (part.kind === "meta") await this.name(part.name, part.value);
    }
    await base();
    this.lastLease = Math.max(this.lastLease, head.lastLease);
  }
  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private check(revision = 0): void {
    if (this.closing) throw new StoreClosed("the store is closed");
    if (revision > this.revision) throw new FutureRevision(this.revision);
    if (revision > 0 && revision < this.compacted) throw new Compacted(this.compacted);
  }

  /** Takes the pending revision, if there are events for it. */
  private recorded(revision: Revision, events: readonly StoreEvent[]): readonly LogRecord[] {
    if (events.length === 0) return [];
    this.pendingRevision = revision;
    // What `state.write` has returned.
    return [{ kind: "events", revision, events: events as readonly LogEvent[] }];
  }

  private submit<T>(evaluateJob: () => { records: readonly LogRecord[]; answer: (revision: Revision) => T }): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.check();
      let answer: (revision: Revision) => T;
      const run = () => {
        const outcome = evaluateJob();
        answer = outcome.answer;
        return outcome.records;
      };
      this.waiting.push({ run, done: revision => resolve(answer(revision)), failed: reject });
      this.writing ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    await undefined; // those who come in the same turn share the first group
    while (this.waiting.length > 0) {
      // With the index far behind, writers wait for it.
      if (this.unflushed() > BACKLOG * this.flushBytes && this.flushing) await this.flushing;
      await this.writeGroup();
    }
    this.writing = undefined;
  }
  /** Evaluates what waits, one after another, and makes it durable with one append; or undoes all of it. */
  private async writeGroup(): Promise<void> {
    const { lastLease, writer } = this;
    const settled: { job: Job; revision: Revision; error?: unknown }[] = [];
    const records: LogRecord[] = [];
    let taken = 0;
    try {
      if (this.log.end.at >= this.segmentBytes) await this.log.rotate();
      const { segment, at } = this.log.end;
      beginFrame(writer);
      if (at === 0) encodeRecord(writer, { kind: "head", head: this.head() }, segment, at);
      const empty = writer.at;
      for (; taken < this.waiting.length && writer.at < GROUP; taken++) {
        const job = this.waiting[taken]!;
        const written = this.state.pendingWrites;
        try {
          for (const record of job.run()) {
            encodeRecord(writer, record, segment, at);
            records.push(record);
          }
          settled.push({ job, revision: this.pendingRevision });
        } catch (error) {
          settled.push({ job, revision: this.pendingRevision, error });
          if (this.state.pendingWrites === written) continue;
          // It failed with half of its writes done, as when the disk cannot be read: nobody may see those.
          taken++;
          throw error;
        }
      }
      if (writer.at > empty) {
        const first = records.find(record => record.kind === "events" && record.events.length > 0);
        if (first?.kind === "events") this.state.noteFrame({ modRevision: first.revision, segment, at, size: 0 });
        await this.log.append(writer, this.pendingRevision, this.room.alarms().length === 0);
        this.appended += writer.at;
      }
    } catch (error) {
      this.state.discard();
      this.pendingRevision = this.revision;
      this.pendingCompacted = this.compacted;
      this.pendingLeases.clear();
      this.lastLease = lastLease;
      // With the reserve given back there is room for what does not put.
      if (error instanceof NoSpace && (await this.room.release())) return;
      const all = taken > 0 ? settled.map(({ job }) => job) : this.waiting;
      this.waiting = this.waiting.slice(all.length);
      for (const job of all) job.failed(error);
      return;
    }
    this.waiting = this.waiting.slice(taken);
    this.publish(records);
    for (const { job, revision, error } of settled) {
      if (error === undefined) job.done(revision);
      else job.failed(error);
    }
    this.room.grown(this.log.size);
    if (this.flushDue() || this.state.isFlushing) this.maintain();
  }
  private head(): Head {
    const { revision, compacted, oldest, lastLease, state } = this;
    return { revision, compacted, oldest, lastLease, leases: this.held.list(), meta: state.named() };
  }
  private publish(records: readonly LogRecord[]): void {
    this.state.commit();
    this.pendingLeases.clear();
    this.revision = this.pendingRevision;
    const events: StoreEvent[] = [];
    for (const record of records) {
      if (record.kind === "compact") {
        this.compacted = record.revision;
        this.oldest = record.oldest;
      } else if (record.kind === "grant") this.held.add(record.lease);
      else if (record.kind === "events") {
        if (record.revoked) this.held.remove(record.revoked);
        if (record.events.length === 0) continue;
        this.remember(record.revision, record.events);
        for (const event of record.events) events.push(event);
      }
    }
    if (events.length > 0) this.watchers.publish(events, event => this.withPrevious(event));
  }
  private remember(revision: Revision, events: readonly LogEvent[]): void {
    const bytes = events.reduce((sum, { entry }) => sum + EVENT_OVERHEAD + entry.size, 0);
    this.events += events.length;
    this.recent.push({ revision, events, bytes });
    this.recentBytes += bytes;
    if (this.recentBytes <= this.recentMost) return;
    const kept = this.recent.slice((this.recent.length + 1) >> 1);
    this.recentBytes = kept.reduce((sum, item) => sum + item.bytes, 0);
    this.recent = kept;
  }

  /** Starts to tell the index what the log has, and to take away what was compacted, unless that is under way. */
  private maintain(): void {
    if (this.maintaining || this.closing || this.clock.monotonic() < this.flushRefusedAt + FLUSH_RETRY) return;
    const failed = async (error: unknown) => {
      // All is still in the log and in memory; the next write tries again.
      this.flushRefusedAt = this.clock.monotonic();
      if (error instanceof NoSpace && this.unflushed() > BACKLOG * this.flushBytes) await this.room.release();
      return { error };
    };
    this.maintaining = this.keepHouse()
      .then(() => undefined, failed)
      .finally(() => {
        this.maintaining = undefined;
      });
  }
  private async keepHouse(): Promise<void> {
    while (this.state.isFlushing || this.flushDue()) await this.flush();
    if (this.pins === 0) await this.sweep();
    const all = this.wantedDefragment;
    this.wantedDefragment = false;
    if (all && this.pins === 0 && this.inUse() < this.size()) await this.withLog(() => this.log.rotate());
    while (!this.closing && this.pins === 0) {
      const compacted = this.log.closed(this.compacted);
      const garbage = this.garbage(compacted);
      if (compacted.length === 0 || garbage === 0) return;
      if (!all && garbage <= this.state.live + this.segmentBytes) return;
      // All of them for a defragmentation: the first alone may hold nothing but what is needed.
      await this.clean(all ? compacted : compacted.slice(0, 1));
      if (all) return;
    }
  }
  /** Between two groups. */
  private async withLog(act: () => Promise<void>): Promise<void> {
    while (this.writing) await this.writing;
    const acting = Promise.withResolvers<void>();
    this.writing = acting.promise;
    try {
      if (this.log.end.at > 0) await act();
    } finally {
      this.writing = this.waiting.length > 0 ? this.drain() : undefined;
      acting.resolve();
    }
  }
  private async flush(): Promise<void> {
    if (!this.state.isFlushing) {
      const { revision, compacted, oldest, lastLease, state, log } = this;
      this.frozenAt = { events: this.events, bytes: this.appended };
      state.freeze({ flush: (state.mark?.flush ?? 0) + 1, ...log.end, revision, compacted, oldest, lastLease, live: state.committed });
    }
    this.flushing = this.state.flush().finally(() => {
      this.flushing = undefined;
    });
    await this.flushing;
    this.indexBytes = this.state.index.size();
  }
  private unflushed(): number {
    return this.appended - this.frozenAt.bytes;
  }
  private flushDue(): boolean {
    if (this.closing) return false;
    return this.unflushed() >= this.flushBytes || this.events - this.frozenAt.events >= this.flushEvents;
  }
  /** Forgets deletions and versions that no reader can see any more. */
  private async sweep(): Promise<void> {
    const { compacted, state } = this;
    if (this.swept >= compacted) return;
    for (let from: Key | undefined = ""; from !== undefined; ) {
      if (this.closing || this.pins > 0) return;
      const start: Key = from;
      const { dead, bases, next } = state.compactedFrom(start, compacted, limits.storeBatch);
      from = next;
      if (dead.length + bases.length === 0) continue;
      await this.submit(() => {
        if (this.pins > 0) return { records: [], answer: () => undefined };
        for (const key of dead) {
          const version = state.version(key, "pending");
          if (version && isDead(version) && version.modRevision <= compacted) state.bury(key);
        }
        for (const key of bases) state.tables.bases.set(key, null, true);
        return { records: [], answer: () => undefined };
      });
    }
    this.swept = compacted;
  }
  private async clean(segments: readonly Segment[]): Promise<void> {
    const { log, state } = this;
    const last = segments.at(-1)!;
    const submit = (make: () => readonly LogRecord[]) => this.submit(() => ({ records: make(), answer: () => undefined }));
    if (this.oldest <= last.lastRevision)
      await submit(() => [{ kind: "compact", revision: this.pendingCompacted, oldest: last.lastRevision + 1 }]);
    for (const { number } of segments) await moveOut(number, log, state, () => this.compacted, submit);
    await submit(() => {
      for (const revision of state.placesBefore(last.number + 1)) state.tables.places.set(revision, null, true);
      return [];
    });
    // The index no longer points into them when they go.
    if (state.isFlushing) await this.flush();
    await this.flush();
    if (this.pins === 0) await log.removeBefore(last.number + 1);
  }

  private async shut(): Promise<void> {
    this.held.stop();
    await this.writing;
    await this.maintaining;
    await this.writing;
    await this.room.close();
    this.watchers.close();
    // So that the next start has nothing to replay; without it it replays.
    if (this.unflushed() > 0) await this.flush().catch(() => {});
    await this.log.close();
    await this.taken.release();
  }
}
/** Bytes of events that are read for a watcher at a time. */
const PIECE = 1024 * 1024;

function wholeRevisions(events: readonly StoreEvent[]): { kind: "changes"; revision: Revision; events: StoreEvent[] }[] {
  const all: { kind: "changes"; revision: Revision; events: StoreEvent[] }[] = [];
  for (const { type, entry } of events) {
    const last = all.at(-1);
    if (last?.revision === entry.modRevision) last.events.push({ type, entry });
    else all.push({ kind: "changes", revision: entry.modRevision, events: [{ type, entry }] });
  }
  return all;
}
