import { text, utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import { Cache } from "./cache.ts";
import { crc32 } from "./checksum.ts";
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
  type LeaseId,
  LeaseNotFound,
  type LeaseState,
  type LocalStore,
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
import { changesOf, dump, undump } from "./dump.ts";
import { Flusher } from "./flush.ts";
import { Groups } from "./group.ts";
import { hashHistory } from "./hash.ts";
import { LogHistory } from "./history.ts";
import { Leases, nextLease } from "./lease.ts";
import { type Taken, takeDirectory } from "./open.ts";
import { Pending } from "./pending.ts";
import type { Checksum, FileSystem, Index } from "./ports.ts";
import { Position } from "./position.ts";
import { Reads } from "./reads.ts";
import { Recent } from "./recent.ts";
import type { Head, LogRecord } from "./record.ts";
import { Room } from "./room.ts";
import type { State } from "./state.ts";
import { evaluate, mayPut } from "./txn.ts";
import { Upkeep } from "./upkeep.ts";
import { Watchers } from "./watch.ts";

export interface EmbeddedOptions {
  readonly clock: Clock;
  readonly files: FileSystem;
  /** Opens, or makes, the index at a path. */
  readonly openIndex: (path: string) => Promise<Index>;
  /** Where the store's files are; made when it does not exist. */
  readonly directory: string;
  readonly checksum?: Checksum;
  /** Lets others go on, within what takes long. */
  readonly turn?: () => Promise<void>;
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

/** The part of the cache's bytes that written entries may take beside those of ranges. */
const KEPT = 0.75;
/** The name, among those of `meta`, under which alarms stand over a restart. */
const ALARMS = "\0alarms";

/** The parts of the store on disk, put together: each method says which of them does it. */
class EmbeddedStore implements LocalStore {
  private readonly taken: Taken;
  private readonly turn: () => Promise<void>;
  private readonly state: State;
  private readonly position: Position;
  private readonly held: Leases;
  private readonly room: Room;
  private readonly reads: Reads;
  private readonly pending: Pending;
  private readonly groups: Groups;
  private readonly flusher: Flusher;
  private readonly upkeep: Upkeep;
  private readonly recent: Recent;
  private readonly history: LogHistory;
  private readonly watchers: Watchers;
  private closing: Promise<void> | undefined;

  constructor(options: EmbeddedOptions, taken: Taken) {
    const { clock, files, directory, limit = limits.storeSize, reserve = limits.storeReserve } = options;
    const { flushBytes = limits.storeFlushBytes, flushEvents = limits.storeFlushEvents, segmentBytes = limits.storeSegment } = options;
    const { state, log } = taken;
    this.taken = taken;
    this.state = state;
    this.turn = options.turn ?? (async () => {});
    const position = new Position(taken);
    this.position = position;
    const { cacheBytes = limits.storeCache } = options;
    const cache = new Cache(cacheBytes, (from, to, most) => state.load(from, to, most));
    state.cache = cache;
    state.tables.newest.keeps = cacheBytes * KEPT;
    this.reads = new Reads(position, state, cache);
    this.recent = new Recent(options.recentBytes ?? limits.storeRecent);
    this.history = new LogHistory(position, state, log, this.recent, limits.storePieces);
    this.watchers = new Watchers(this.history, {
      buffer: options.watchBuffer ?? limits.watchBuffer,
      most: options.watches ?? limits.watches,
    });
    this.held = new Leases(clock, ids => {
      // A lease that cannot be revoked now rings again.
      for (const id of ids) this.revoke(id).catch(() => {});
    });
    for (const lease of state.heldLeases()) this.held.add(lease);
    const alarms = state.tables.meta.get(ALARMS, "durable");
    const room = new Room({ limit, reserve, clock, files, directory }, alarms ? JSON.parse(text(alarms)) : {}, alarmed => {
      // When it cannot be noted now, it is seen anew after the next start.
      this.name(ALARMS, room.alarms().length > 0 ? utf8(JSON.stringify(alarmed)) : undefined).catch(() => {});
    });
    this.room = room;
    const pending = new Pending(position, state, this.held);
    this.pending = pending;
    const flusher = new Flusher(log, state, position, { bytes: flushBytes, events: flushEvents }, this.turn);
    this.flusher = flusher;
    const groups = new Groups({
      ...{ log, state, position, pending, room, flusher, segmentBytes },
      head: () => this.head(),
      publish: records => this.publish(records),
      settled: () => {
        room.grown(log.size);
        this.upkeep.startIfDue();
      },
    });
    this.groups = groups;
    this.upkeep = new Upkeep({ clock, log, state, position, pending, room, flusher, groups, segmentBytes });
    room.grown(log.size);
  }
  get revision(): Revision {
    return this.position.revision;
  }
  get compacted(): Revision {
    return this.position.compacted;
  }

  async get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    return this.reads.get(key, revision);
  }
  async range(from: Key, to: Key, options?: RangeOptions): Promise<RangeResult> {
    return this.reads.range(from, to, options);
  }
  scan(from: Key, to: Key, options?: RangeOptions): AsyncIterable<readonly Entry[]> {
    return this.reads.scan(from, to, options);
  }
  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    this.position.check();
    return this.watchers.watch(from, to, options);
  }

  txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    const { pending } = this;
    const puts = mayPut(then, otherwise);
    return this.groups.submit(records => {
      if (puts) this.room.check(this.size());
      const { succeeded, results, events } = evaluate(pending.draft, pending.revision + 1, compare, then, otherwise);
      if (events.length > 0) records.push(pending.recorded(pending.revision + 1, events));
      return { succeeded, revision: pending.revision, results };
    });
  }
  grant(ttl: number, wanted?: LeaseId): Promise<Lease> {
    return this.groups.submit(records => {
      this.room.check(this.size());
      const id = wanted ?? nextLease(this.position.lastLease, given => this.pending.draft.hasLease(given));
      if (this.pending.draft.hasLease(id)) throw new LeaseExists();
      const lease = { id, ttl: Math.max(1, ttl) };
      records.push(this.pending.granted(lease));
      return lease;
    });
  }
  async keepAlive(id: LeaseId): Promise<Lease> {
    this.position.check();
    return this.held.keepAlive(id);
  }
  revoke(id: LeaseId): Promise<void> {
    return this.groups.write(() => {
      if (!this.pending.draft.hasLease(id)) throw new LeaseNotFound();
      return [this.pending.revoked(id)];
    });
  }
  async leases(): Promise<readonly LeaseId[]> {
    this.position.check();
    return this.held.list().map(({ id }) => id);
  }
  async timeToLive(id: LeaseId): Promise<LeaseState> {
    this.position.check();
    return { ...this.held.state(id), keys: this.state.attachedTo(id, "durable") };
  }
  async compact(revision: Revision): Promise<void> {
    const { pending } = this;
    await this.groups.write(() => {
      if (revision <= pending.compacted) throw new Compacted(pending.compacted);
      if (revision > pending.revision) throw new FutureRevision(pending.revision);
      pending.compacted = revision;
      return [{ kind: "compact", revision, oldest: revision }];
    });
    this.upkeep.start();
  }

  size(): number {
    return this.upkeep.size();
  }
  inUse(): number {
    return this.upkeep.inUse();
  }
  async defragment(): Promise<void> {
    this.position.check();
    await this.upkeep.defragment();
  }
  alarms(): readonly Alarm[] {
    return this.room.alarms();
  }
  async disarm(): Promise<void> {
    this.position.check();
    await this.room.disarm();
  }
  corrupt(): void {
    this.room.corrupt();
  }
  readonly meta = {
    get: (name: string) => this.state.tables.meta.get(name, "durable"),
    names: (prefix: string): readonly string[] => this.named(prefix).map(([name]) => name),
    set: (name: string, value: Uint8Array | undefined): Promise<void> => this.name(name, value),
  };
  private named(prefix = ""): [string, Uint8Array][] {
    return this.state.named(prefix).filter(([name]) => name !== ALARMS);
  }
  private name(name: string, value: Uint8Array | undefined): Promise<void> {
    return this.groups.write(() => {
      this.state.tables.meta.set(name, value ?? null, true);
      return [{ kind: "meta", name, ...(value && { value }) }];
    });
  }

  async hash(revision: Revision = 0): Promise<{ hash: number; revision: Revision; compacted: Revision }> {
    this.position.check(revision);
    const { compacted, reads, history, turn } = this;
    const upTo = revision || this.revision;
    const done = this.upkeep.pin();
    try {
      const hash = await hashHistory(
        {
          compacted,
          turn,
          isEmpty: at => reads.at("", ALL_KEYS, at, 1, false).length === 0,
          standing: (at, newest) => reads.standing(at, newest),
          changes: (after, until) => changesOf(history, after, until),
        },
        upTo,
      );
      return { hash, revision: upTo, compacted };
    } finally {
      done();
    }
  }
  retained(): AsyncIterable<Retained> {
    this.position.check();
    const { revision, compacted, lastLease } = this.position;
    const standing = { head: { kind: "head", revision, compacted, lastLease } as const, leases: this.held.list(), named: this.named() };
    return dump(standing, this.reads, this.history, this.upkeep.pin());
  }
  async restore(stream: AsyncIterable<Retained>): Promise<void> {
    const { position, pending, state, groups } = this;
    await undump({ position, pending, state, write: groups.write, name: (name, value) => this.name(name, value) }, stream);
  }
  close(): Promise<void> {
    this.position.closed = true;
    this.closing ??= this.shut();
    return this.closing;
  }

  private head(): Head {
    const { revision, compacted, oldest, lastLease } = this.position;
    return { revision, compacted, oldest, lastLease, leases: this.held.list(), meta: this.state.named() };
  }
  private publish(records: readonly LogRecord[]): void {
    const events: StoreEvent[] = [];
    for (const record of records) {
      if (record.kind === "compact") {
        this.position.compacted = record.revision;
        this.position.oldest = record.oldest;
      } else if (record.kind === "grant") this.held.add(record.lease);
      else if (record.kind === "events") {
        if (record.revoked) this.held.remove(record.revoked);
        if (record.events.length === 0) continue;
        this.flusher.events += record.events.length;
        this.recent.add(record.events);
        if (this.watchers.any) for (const event of record.events) events.push(event);
      }
    }
    if (events.length > 0) this.watchers.publish(events, event => this.history.whole(event));
  }
  private async shut(): Promise<void> {
    const { held, groups, upkeep, flusher, room, watchers, taken } = this;
    held.stop();
    await groups.idle();
    await upkeep.idle();
    await groups.idle();
    await room.close();
    watchers.close();
    // So that the next start has nothing to replay; without it it replays.
    if (flusher.unflushed > 0) await flusher.flush().catch(() => {});
    await taken.log.close();
    await taken.release();
  }
}
