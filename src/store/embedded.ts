import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import { crc32 } from "./checksum.ts";
import {
  ALL_KEYS,
  type Alarm,
  type Batch,
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
  prefixEnd,
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
import { beginFrame, isEmptyFrame, type Log } from "./log.ts";
import { type Taken, takeDirectory } from "./open.ts";
import type { Checksum, FileSystem, Index } from "./ports.ts";
import { encodeRecord, type LogRecord, numberKey, numberOfKey, Writer } from "./record.ts";
import { hashRetained, headOf } from "./retained.ts";
import { scanBatches } from "./scan.ts";
import type { State } from "./state.ts";
import { type Draft, evaluate, mayPut, tombstone, withoutValues } from "./txn.ts";
import { BATCH_EVENTS, type History, Watchers } from "./watch.ts";

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
  /** Bytes of log, and revisions, after which they are moved into the index. */
  readonly flushBytes?: number;
  readonly flushRevisions?: number;
}

/**
 * Opens the store on disk. Throws InUse's sentence when another process has it, one that names the formats when a newer
 * version wrote it, and Damaged (log.ts) when its log has been changed by something else than a crash.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<LocalStore> {
  const taken = await takeDirectory({ checksum: crc32, ...options });
  return new EmbeddedStore(options, taken);
}
/** Fills a fresh directory with what `stream` gives: a store equal to the one that it comes from; its leases begin anew. */
export async function restoreEmbedded(options: EmbeddedOptions, stream: AsyncIterable<Retained>): Promise<LocalStore> {
  const taken = await takeDirectory({ checksum: crc32, ...options });
  const store = new EmbeddedStore(options, taken);
  if (store.revision > 1) {
    await store.close();
    throw new StoreClosed(`the data directory ${options.directory} holds a store already`);
  }
  await store.restore(stream);
  await store.close();
  return openEmbedded(options);
}

/** One thing to be done in the order of arrival: `run` puts its changes into the pending layer and says what to log. */
interface Job {
  run(): LogRecord | undefined;
  /** The group that it was part of is durable (`revision`: the store's, after this job), or was undone. */
  done(revision: Revision): void;
  failed(error: unknown): void;
}
/** Bytes of one group, after which further jobs wait for the next. */
const GROUP = 4 * 1024 * 1024;
/** Unflushed bytes of log above which writers wait for the index. */
const BACKLOG = 64 * 1024 * 1024;
const FLUSH_RETRY = 1000;

class EmbeddedStore implements LocalStore, History {
  revision: Revision;
  compacted: Revision;
  private lastLease: number;
  private readonly state: State;
  private readonly log: Log;
  private readonly taken: Taken;
  private readonly clock: Clock;
  private readonly flushBytes: number;
  private readonly flushRevisions: number;
  private readonly held: Leases;
  private readonly watchers: Watchers;
  private readonly draft: Draft;
  private readonly limit: number;
  private readonly checksum: Checksum;
  private full = false;
  private readonly writer = new Writer(256 * 1024);

  private waiting: Job[] = [];
  private writing: Promise<void> | undefined;
  /** The revision of the pending layer, and leases granted and revoked in it. */
  private pendingRevision: Revision;
  private pendingLeases = new Map<number, boolean>();
  private pendingCompacted: Revision;

  private maintaining: Promise<void> | undefined;
  /** Asks the writer to freeze the layer before its next group. */
  private freezing: PromiseWithResolvers<void> | undefined;
  private frozenAt: Revision;
  private flushRefusedAt = Number.NEGATIVE_INFINITY;
  private closing: Promise<void> | undefined;

  constructor(options: EmbeddedOptions, taken: Taken) {
    this.taken = taken;
    this.state = taken.state;
    this.log = taken.log;
    this.clock = options.clock;
    this.flushBytes = options.flushBytes ?? limits.storeFlushBytes;
    this.flushRevisions = options.flushRevisions ?? limits.storeFlushRevisions;
    this.revision = this.pendingRevision = taken.revision;
    this.compacted = this.pendingCompacted = taken.compacted;
    this.lastLease = taken.lastLease;
    this.frozenAt = this.state.mark.revision;
    this.limit = options.limit ?? limits.storeSize;
    this.checksum = options.checksum ?? crc32;
    this.watchers = new Watchers(this, { buffer: options.watchBuffer ?? limits.watchBuffer, most: options.watches ?? limits.watches });
    this.held = new Leases(options.clock, ids => {
      // A lease that cannot be revoked now rings again.
      for (const id of ids) this.revoke(id).catch(() => {});
    });
    for (const lease of this.state.heldLeases()) this.held.add(lease);
    const store = this;
    this.draft = {
      get revision() {
        return store.pendingRevision;
      },
      get compacted() {
        return store.pendingCompacted;
      },
      get: key => this.state.current.get(key, "pending"),
      range: (from, to, { limit = 0, revision, countOnly } = {}) => {
        const found = revision
          ? this.state.older(from, to, revision, limit, true, "pending")
          : this.state.newest(from, to, "pending", limit);
        return countOnly ? { entries: [], count: found.count } : found;
      },
      hasLease: id => this.pendingLeases.get(id) ?? this.held.has(id),
      write: event => this.state.write(event),
    };
  }

  async get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    this.check(revision);
    return revision ? this.state.at(key, revision) : this.state.current.get(key, "durable");
  }
  async range(from: Key, to: Key, { revision, limit, keysOnly, countOnly }: RangeOptions = {}): Promise<RangeResult> {
    this.check(revision);
    if (countOnly) return { entries: [], count: this.read(from, to, revision, 1, true).count, more: false, revision: this.revision };
    const { entries, count } = this.read(from, to, revision, limit, true);
    return { entries: keysOnly ? withoutValues(entries) : entries, count, more: count > entries.length, revision: this.revision };
  }
  scan(from: Key, to: Key, options: RangeOptions = {}): AsyncIterable<readonly Entry[]> {
    return scanBatches(from, to, { ...options, revision: options.revision || this.revision }, (start, revision, limit) => {
      this.check(revision);
      return this.read(start, to, revision, limit, false).entries;
    });
  }
  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    this.check();
    return this.watchers.watch(from, to, options);
  }
  since(after: Revision, from: Key, to: Key): Batch {
    const events: StoreEvent[] = [];
    let revision = this.revision;
    this.state.events.walk(numberKey(after + 1), numberKey(this.revision + 1), "durable", (name, row) => {
      const at = numberOfKey(name);
      for (const { key, put } of row) {
        if (key < from || key >= to) continue;
        const previous = at > this.compacted ? this.state.at(key, at - 1) : undefined;
        if (put) events.push({ type: "put", entry: this.state.at(key, at)!, previous });
        else events.push({ type: "delete", entry: tombstone(key, at), previous });
      }
      if (events.length < BATCH_EVENTS) return true;
      revision = at;
      return false;
    });
    return { revision, events };
  }

  get oldest(): Revision {
    return this.compacted;
  }

  txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    return this.submit(() => {
      if (mayPut(then, otherwise)) this.checkRoom();
      const revision = this.pendingRevision + 1;
      const { succeeded, results, events } = evaluate(this.draft, revision, compare, then, otherwise);
      return { record: this.recorded(revision, events), answer: at => ({ succeeded, revision: at, results }) };
    });
  }
  grant(ttl: number, wanted?: number): Promise<Lease> {
    return this.submit(() => {
      this.checkRoom();
      const id = wanted ?? this.lastLease + 1;
      if (this.draft.hasLease(id)) throw new LeaseExists();
      const lease = { id, ttl: Math.max(1, ttl) };
      this.lastLease = Math.max(this.lastLease, id);
      this.pendingLeases.set(id, true);
      this.state.leases.set(numberKey(id), lease.ttl, false);
      return { record: { kind: "grant", lease }, answer: () => lease };
    });
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
        return { type: "delete" as const, entry: tombstone(key, revision), previous };
      });
      for (const event of events) this.state.write(event);
      this.pendingLeases.set(id, false);
      this.state.leases.set(numberKey(id), null, true);
      this.recorded(revision, events);
      return { record: { kind: "events", revision: this.pendingRevision, events, revoked: id }, answer: () => undefined };
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
      return { record: { kind: "compact", revision }, answer: () => undefined };
    });
    this.maintain();
  }

  size(): number {
    return this.log.size + this.state.index.size();
  }
  inUse(): number {
    return this.size();
  }
  async defragment(): Promise<void> {
    this.check();
    this.maintain();
    await this.maintaining;
  }
  alarms(): readonly Alarm[] {
    return this.full ? ["nospace"] : [];
  }
  async disarm(): Promise<void> {
    this.check();
    this.full = false;
  }
  readonly meta = {
    get: (name: string) => this.state.meta.get(name, "durable"),
    names: (prefix: string): readonly string[] => {
      const names: string[] = [];
      this.state.meta.walk(prefix, prefixEnd(prefix), "durable", name => {
        names.push(name);
        return true;
      });
      return names;
    },
    set: (name: string, value: Uint8Array | undefined): Promise<void> =>
      this.submit(() => {
        this.state.meta.set(name, value ?? null, true);
        return { record: { kind: "meta", name, ...(value && { value }) }, answer: () => undefined };
      }),
  };
  async hash(revision: Revision = 0): Promise<{ hash: number; revision: Revision; compacted: Revision }> {
    this.check(revision);
    const { compacted } = this;
    const upTo = revision || this.revision;
    return { hash: await hashRetained(this.retained(), upTo, this.checksum), revision: upTo, compacted };
  }
  retained(): AsyncIterable<Retained> {
    this.check();
    const { revision, compacted, lastLease } = this;
    const entries = compacted > 0 ? this.read("", ALL_KEYS, compacted).entries : [];
    const changes: Retained[] = [];
    for (let after = Math.max(1, compacted); after < revision; ) {
      const batch = this.since(after, "", ALL_KEYS);
      after = batch.revision;
      for (const { type, entry } of batch.events) {
        const last = changes.at(-1);
        if (last?.kind === "changes" && last.revision === entry.modRevision) (last.events as StoreEvent[]).push({ type, entry });
        else changes.push({ kind: "changes", revision: entry.modRevision, events: [{ type, entry }] });
      }
    }
    const leases = this.held.list();
    const named: [string, Uint8Array][] = [];
    this.state.meta.walk("", ALL_KEYS, "durable", (name, value) => {
      named.push([name, value]);
      return true;
    });
    return (async function* (): AsyncGenerator<Retained> {
      yield { kind: "head", revision, compacted, lastLease };
      if (entries.length > 0) yield { kind: "entries", entries };
      yield* changes;
      for (const lease of leases) yield { kind: "lease", lease };
      for (const [name, value] of named) yield { kind: "meta", name, value };
    })();
  }
  async restore(stream: AsyncIterable<Retained>): Promise<void> {
    const { head, rest } = await headOf(stream);
    const add = (...records: LogRecord[]) =>
      Promise.all(records.map(record => this.submit(() => ({ record: this.replayed(record), answer: () => undefined }))));
    let based = head.compacted === 0;
    const base = async () => {
      if (!based) await add({ kind: "compact", revision: head.compacted });
      based = true;
    };
    for await (const part of rest) {
      if (part.kind === "entries") await add(...part.entries.map(entry => ({ kind: "entry", entry }) as const));
      else await base();
      if (part.kind === "changes") await add({ kind: "events", revision: part.revision, events: part.events });
      if (part.kind === "lease") await add({ kind: "grant", lease: part.lease });
      if (part.kind === "meta") await this.meta.set(part.name, part.value);
    }
    await base();
  }
  private replayed(record: LogRecord): LogRecord {
    this.state.replay(record);
    if (record.kind === "events") this.pendingRevision = record.revision;
    if (record.kind === "compact") this.pendingRevision = this.pendingCompacted = record.revision;
    return record;
  }
  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private checkRoom(): void {
    this.full ||= this.size() >= this.limit;
    if (this.full) throw new NoSpace();
  }
  private check(revision = 0): void {
    if (this.closing) throw new StoreClosed("the store is closed");
    if (revision > this.revision) throw new FutureRevision(this.revision);
    if (revision > 0 && revision < this.compacted) throw new Compacted(this.compacted);
  }
  private read(from: Key, to: Key, revision = 0, limit = 0, count = true): { entries: Entry[]; count: number } {
    if (revision > 0 && revision < this.revision) return this.state.older(from, to, revision, limit, count);
    return this.state.newest(from, to, "durable", limit, count);
  }

  /** Takes the pending revision, if there are events for it. */
  private recorded(revision: Revision, events: readonly StoreEvent[]): LogRecord | undefined {
    if (events.length === 0) return undefined;
    this.pendingRevision = revision;
    this.state.record(revision, events);
    return { kind: "events", revision, events };
  }

  private async submit<T>(evaluateJob: () => { record: LogRecord | undefined; answer: (revision: Revision) => T }): Promise<T> {
    this.check();
    return new Promise<T>((resolve, reject) => {
      let answer: (revision: Revision) => T;
      const run = () => {
        const outcome = evaluateJob();
        answer = outcome.answer;
        return outcome.record;
      };
      this.waiting.push({ run, done: revision => resolve(answer(revision)), failed: reject });
      this.writing ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    await undefined; // those who come in the same turn share the first group
    while (this.waiting.length > 0 || this.freezing) {
      if (this.freezing) await this.freezeNow(this.freezing);
      else {
        // With the index far behind, writers wait for it.
        if (this.log.size > BACKLOG && this.state.isFlushing) await this.maintaining;
        await this.writeGroup();
      }
    }
    this.writing = undefined;
  }
  /** Evaluates what waits, one after another, and makes it durable with one append; or undoes all of it. */
  private async writeGroup(): Promise<void> {
    const { lastLease } = this;
    const settled: { job: Job; revision: Revision; error?: unknown }[] = [];
    const records: LogRecord[] = [];
    beginFrame(this.writer);
    let taken = 0;
    for (; taken < this.waiting.length && this.writer.at < GROUP; taken++) {
      const job = this.waiting[taken]!;
      try {
        const record = job.run();
        if (record) {
          encodeRecord(this.writer, record);
          records.push(record);
        }
        settled.push({ job, revision: this.pendingRevision });
      } catch (error) {
        settled.push({ job, revision: this.pendingRevision, error });
      }
    }
    this.waiting = this.waiting.slice(taken);
    try {
      if (!isEmptyFrame(this.writer) && this.log.size > BACKLOG) throw new NoSpace();
      if (!isEmptyFrame(this.writer)) await this.log.append(this.writer);
    } catch (error) {
      this.state.discard();
      this.pendingRevision = this.revision;
      this.pendingCompacted = this.compacted;
      this.pendingLeases.clear();
      this.lastLease = lastLease;
      for (const { job } of settled) job.failed(error);
      return;
    }
    this.publish(records);
    for (const { job, revision, error } of settled) {
      if (error === undefined) job.done(revision);
      else job.failed(error);
    }
    if (this.flushDue() || this.state.isFlushing) this.maintain();
  }
  private publish(records: readonly LogRecord[]): void {
    this.state.commit();
    this.pendingLeases.clear();
    this.revision = this.pendingRevision;
    const events: StoreEvent[] = [];
    for (const record of records) {
      if (record.kind === "compact") this.compacted = record.revision;
      else if (record.kind === "grant") this.held.add(record.lease);
      else if (record.kind === "events") {
        if (record.revoked) this.held.remove(record.revoked);
        for (const event of record.events) events.push(event);
      }
    }
    if (events.length > 0) this.watchers.publish(events);
  }

  /** Starts to move what the log has into the index and to sweep what was compacted, unless that is under way. */
  private maintain(): void {
    if (this.maintaining || this.closing || this.clock.monotonic() < this.flushRefusedAt + FLUSH_RETRY) return;
    this.maintaining = this.flushAndSweep()
      .catch(() => {
        // All is still in the log and in memory; the next write tries again.
        this.flushRefusedAt = this.clock.monotonic();
      })
      .finally(() => {
        this.maintaining = undefined;
      });
  }
  private async flushAndSweep(): Promise<void> {
    while (this.state.isFlushing || this.flushDue()) {
      if (!this.state.isFlushing) {
        this.freezing = Promise.withResolvers();
        const frozen = this.freezing.promise;
        this.writing ??= this.drain();
        await frozen;
      }
      await this.state.flush(this.compacted);
      await this.log.removeBefore(this.state.mark.segment);
    }
    while (!this.closing && (await this.state.sweep(this.compacted)));
  }
  private flushDue(): boolean {
    if (this.closing) return false;
    return this.log.length >= this.flushBytes || this.revision - this.frozenAt >= this.flushRevisions;
  }
  // Between two groups: the log's new segment and the new layer begin with the same one.
  private async freezeNow(frozen: PromiseWithResolvers<void>): Promise<void> {
    this.freezing = undefined;
    try {
      await this.log.rotate();
    } catch (error) {
      frozen.reject(error);
      return;
    }
    this.frozenAt = this.revision;
    this.state.freeze({
      ...this.state.mark,
      flush: this.state.mark.flush + 1,
      segment: this.log.segment,
      revision: this.revision,
      compacted: this.compacted,
      lastLease: this.lastLease,
    });
    frozen.resolve();
  }

  private async shut(): Promise<void> {
    this.held.stop();
    await this.writing;
    await this.maintaining;
    await this.writing;
    this.watchers.close();
    await this.log.close();
    await this.taken.release();
  }
}
