import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import { countUpTo } from "#base/ordered.ts";
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
  NoSpace,
  type Op,
  type Placed,
  type RangeOptions,
  type RangeResult,
  type Retained,
  type RetainedChanges,
  type Revision,
  StoreClosed,
  type StoreEvent,
  type TxnResult,
  type Watch,
  type WatchOptions,
} from "./contract.ts";
import { hashHistory } from "./hash.ts";
import { Leases, lastLeaseAfter, nextLease } from "./lease.ts";
import { headOf } from "./retained.ts";
import { scanBatches } from "./scan.ts";
import { SortedMap } from "./sorted.ts";
import { type Draft, evaluate, mayPut, tombstone, withoutValues } from "./txn.ts";
import { BATCH_EVENTS, type History, type HistoryRange, type Piece, revisionOf, Watchers } from "./watch.ts";

/** An event that replaced or deleted an entry: what a reader sees at revisions from that one's to its own. */
type Past = StoreEvent & { readonly previous: Entry };

/** What stands in a store at one revision. Entries never change, so that stores may share them. */
export interface MemoryState {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  /** `left`: milliseconds until it runs out. */
  readonly leases: readonly (Lease & { readonly left: number })[];
  readonly lastLease: number;
}
export interface MemoryOptions {
  readonly clock: Clock;
  /** What it begins with: history from before cannot be read or watched. */
  readonly state?: MemoryState | undefined;
  /** Bytes kept for one slow watcher. */
  readonly watchBuffer?: number;
  /** Watches at once. */
  readonly watches?: number;
  /** Bytes above which nothing more is put. */
  readonly limit?: number;
}

export interface InMemory extends LocalStore {
  state(): MemoryState;
}
/** A store in the process's own memory. All revisions stay until they are compacted. */
export function memoryStore(options: MemoryOptions): InMemory {
  return new MemoryStore(options);
}
/** One that is equal to the store that `stream` comes from; its leases begin anew. */
export async function restoreMemory(options: MemoryOptions, stream: AsyncIterable<Retained>): Promise<InMemory> {
  const store = new MemoryStore(options);
  await store.restore(stream);
  return store;
}

/** Beside its key and value, what one entry is counted as. */
const ENTRY_OVERHEAD = 128;
const sizeOf = (entry: Entry) => ENTRY_OVERHEAD + entry.key.length + entry.value.length;

class MemoryStore implements InMemory, History {
  revision: Revision = 1;
  compacted: Revision = 0;
  private readonly current = new SortedMap<Entry>();
  private readonly past = new SortedMap<Past[]>();
  /** Which of their revision's changes entries are that are not the first. */
  private readonly subs = new WeakMap<Entry, number>();
  /** All events from revision `oldest` on; each revision has some. */
  private events: StoreEvent[] = [];
  oldest: Revision = 2;
  private readonly held: Leases;
  private readonly leaseKeys = new Map<LeaseId, Set<Key>>();
  private lastLease = 0;
  private readonly named = new Map<string, Uint8Array>();
  private readonly watchers: Watchers;
  private readonly draft: Draft;
  private readonly limit: number;
  private bytes = 0;
  private full = false;
  private closed = false;

  constructor({ clock, state, watchBuffer = limits.watchBuffer, watches = limits.watches, limit = limits.storeSize }: MemoryOptions) {
    this.limit = limit;
    this.watchers = new Watchers(this, { buffer: watchBuffer, most: watches });
    this.held = new Leases(clock, ids => {
      for (const id of ids) this.revokeNow(id);
    });
    const store = this;
    this.draft = {
      get revision() {
        return store.revision;
      },
      get compacted() {
        return store.compacted;
      },
      get: key => this.current.get(key),
      full: entry => entry,
      range: (from, to, { limit: most = 0, revision, countOnly } = {}) => {
        if (countOnly && !revision) return { entries: [], count: this.current.count(from, to) };
        const found = revision ? this.older(from, to, revision, most, true) : this.newest(from, to, most);
        return countOnly ? { entries: [], count: found.count } : found;
      },
      hasLease: id => this.held.has(id),
      write: (event, sub) => {
        this.write(event, sub);
        return event;
      },
    };
    if (state) this.begin(state);
  }
  private begin({ revision, entries, leases, lastLease }: MemoryState): void {
    this.revision = revision;
    this.compacted = revision;
    this.oldest = revision + 1;
    this.lastLease = lastLease;
    for (const { left, ...lease } of leases) this.held.add(lease, left);
    for (const entry of entries) this.write({ type: "put", entry }, 0);
  }
  state(): MemoryState {
    const leases = this.held.list().map(lease => ({ ...lease, left: this.held.left(lease.id) }));
    return { revision: this.revision, entries: this.newest("", ALL_KEYS).entries, leases, lastLease: this.lastLease };
  }

  get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    // no async function: most calls of a store are this and txn, which have nothing to wait for
    try {
      this.check(revision);
      return Promise.resolve(revision ? this.at(key, revision) : this.current.get(key));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async range(from: Key, to: Key, { revision, limit, keysOnly, countOnly }: RangeOptions = {}): Promise<RangeResult> {
    this.check(revision);
    if (countOnly) {
      const count = revision ? this.read(from, to, revision, 0, true).count : this.current.count(from, to);
      return { entries: [], count, more: false, revision: this.revision };
    }
    const { entries, count } = this.read(from, to, revision, limit, true);
    return { entries: keysOnly ? withoutValues(entries) : entries, count, more: count > entries.length, revision: this.revision };
  }
  scan(from: Key, to: Key, options: RangeOptions = {}): AsyncIterable<readonly Entry[]> {
    return scanBatches(from, to, { ...options, revision: options.revision || this.revision }, (start, revision, limit) => {
      this.check(revision);
      return this.read(start, to, revision, limit, false).entries;
    });
  }

  txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    try {
      this.check();
      if (mayPut(then, otherwise)) this.checkRoom();
      const { succeeded, results, events } = evaluate(this.draft, this.revision + 1, compare, then, otherwise);
      this.commit(events);
      return Promise.resolve({ succeeded, revision: this.revision, results });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    this.check();
    return this.watchers.watch(from, to, options);
  }
  since(after: Revision, { from, to }: HistoryRange): Piece {
    const events: StoreEvent[] = [];
    let revision = after;
    for (let i = countUpTo(this.events, after, revisionOf); i < this.events.length; i++) {
      const event = this.events[i]!;
      const { key, modRevision } = event.entry;
      if (events.length >= BATCH_EVENTS && modRevision > revision) break;
      revision = modRevision;
      if (key >= from && key < to) events.push(event);
    }
    return { revision, events };
  }

  async grant(ttl: number, id = nextLease(this.lastLease, given => this.held.has(given))): Promise<Lease> {
    this.check();
    this.checkRoom();
    if (this.held.has(id)) throw new LeaseExists();
    this.lastLease = lastLeaseAfter(this.lastLease, id);
    const lease = { id, ttl: Math.max(1, ttl) };
    this.held.add(lease);
    return lease;
  }
  async keepAlive(id: LeaseId): Promise<Lease> {
    return this.held.keepAlive(id);
  }
  async revoke(id: LeaseId): Promise<void> {
    this.check();
    if (!this.held.has(id)) throw new LeaseNotFound();
    this.revokeNow(id);
  }
  async leases(): Promise<readonly LeaseId[]> {
    this.check();
    return this.held.list().map(({ id }) => id);
  }
  async timeToLive(id: LeaseId): Promise<LeaseState> {
    this.check();
    return { ...this.held.state(id), keys: this.attachedTo(id) };
  }

  async compact(revision: Revision): Promise<void> {
    this.check();
    if (revision <= this.compacted) throw new Compacted(this.compacted);
    if (revision > this.revision) throw new FutureRevision(this.revision);
    this.compacted = revision;
    // What each compacted event replaced cannot be seen any more; the events of `revision` itself may still be watched.
    const end = countUpTo(this.events, revision, revisionOf);
    for (let i = 0; i < end; i++) this.forget(this.events[i]!.entry.key, revision);
    this.events = this.events.slice(countUpTo(this.events, revision - 1, revisionOf));
    this.oldest = Math.max(this.oldest, revision);
  }

  size(): number {
    return this.bytes;
  }
  inUse(): number {
    return this.bytes;
  }
  async defragment(): Promise<void> {
    this.check();
  }
  alarms(): readonly Alarm[] {
    return this.full ? ["nospace"] : [];
  }
  async disarm(): Promise<void> {
    this.check();
    this.full = false;
  }
  readonly meta = {
    get: (name: string) => this.named.get(name),
    names: (prefix: string) => [...this.named.keys()].filter(name => name.startsWith(prefix)).sort(),
    set: async (name: string, value: Uint8Array | undefined): Promise<void> => {
      this.check();
      if (value) this.named.set(name, value);
      else this.named.delete(name);
    },
  };
  async hash(revision: Revision = 0): Promise<{ hash: number; revision: Revision; compacted: Revision }> {
    this.check(revision);
    const { compacted } = this;
    const upTo = revision || this.revision;
    const at = (as: Revision) => this.read("", ALL_KEYS, as).entries;
    const hash = await hashHistory(
      {
        compacted,
        turn: async () => {},
        isEmpty: as => at(as).length === 0,
        standing: (as, newest) => [this.placed(at(as).filter(({ modRevision }) => modRevision <= newest))],
        changes: (after, until) => this.changes(after, until),
      },
      upTo,
    );
    return { hash, revision: upTo, compacted };
  }
  retained(): AsyncIterable<Retained> {
    this.check();
    const { revision, compacted, lastLease } = this;
    const entries = compacted > 0 ? this.placed(this.older("", ALL_KEYS, compacted, 0, true).entries) : [];
    const changes = this.changes(compacted, revision);
    const leases = this.held.list();
    const named = [...this.named].sort(([a], [b]) => (a < b ? -1 : 1));
    return (async function* (): AsyncGenerator<Retained> {
      yield { kind: "head", revision, compacted, lastLease };
      if (entries.length > 0) yield { kind: "entries", entries };
      yield* changes;
      for (const lease of leases) yield { kind: "lease", lease };
      for (const [name, value] of named) yield { kind: "meta", name, value };
    })();
  }
  /** The same, each with its place in its revision. */
  private placed(entries: readonly Entry[]): Placed[] {
    return entries.map(entry => {
      const sub = this.subs.get(entry);
      return sub === undefined ? entry : { ...entry, sub };
    });
  }
  /** Each revision's changes after one and up to another, as they are now. */
  private changes(after: Revision, until: Revision): AsyncGenerator<RetainedChanges> {
    const all = this.events.slice(countUpTo(this.events, after, revisionOf), countUpTo(this.events, until, revisionOf));
    return (async function* () {
      for (let i = 0, end = 0; i < all.length; i = end) {
        const revision = all[i]!.entry.modRevision;
        while (all[end]?.entry.modRevision === revision) end++;
        yield { kind: "changes" as const, revision, events: all.slice(i, end).map(({ type, entry }) => ({ type, entry })) };
      }
    })();
  }
  async restore(stream: AsyncIterable<Retained>): Promise<void> {
    const { head, rest } = await headOf(stream);
    this.revision = Math.max(1, head.compacted);
    this.compacted = head.compacted;
    this.oldest = this.revision + 1;
    this.lastLease = head.lastLease;
    for await (const part of rest) {
      if (part.kind === "entries") for (const entry of part.entries) this.write({ type: "put", entry }, entry.sub ?? 0);
      else if (part.kind === "changes") {
        const events = part.events.map(({ type, entry }) => ({ type, entry, previous: this.current.get(entry.key) }));
        for (const [sub, event] of events.entries()) this.write(event, sub);
        this.commit(events);
      } else if (part.kind === "lease") this.held.add(part.lease);
      else if (part.kind === "meta") this.named.set(part.name, part.value);
    }
  }
  async close(): Promise<void> {
    this.closed = true;
    this.held.stop();
    this.watchers.close();
  }

  private check(revision = 0): void {
    if (this.closed) throw new StoreClosed("the store is closed");
    if (revision > this.revision) throw new FutureRevision(this.revision);
    if (revision > 0 && revision < this.compacted) throw new Compacted(this.compacted);
  }

  private checkRoom(): void {
    this.full ||= this.bytes >= this.limit;
    if (this.full) throw new NoSpace();
  }
  private attachedTo(lease: LeaseId): Key[] {
    return [...(this.leaseKeys.get(lease) ?? [])].sort();
  }
  private read(from: Key, to: Key, revision = 0, limit = 0, count = true): { entries: Entry[]; count: number } {
    return revision > 0 && revision < this.revision ? this.older(from, to, revision, limit, count) : this.newest(from, to, limit);
  }
  private newest(from: Key, to: Key, limit = 0): { entries: Entry[]; count: number } {
    const entries: Entry[] = [];
    this.current.walk(from, to, (_, entry) => {
      entries.push(entry);
      return entries.length !== limit;
    });
    return { entries, count: limit > 0 && entries.length === limit ? this.current.count(from, to) : entries.length };
  }
  private older(from: Key, to: Key, revision: Revision, limit: number, count: boolean): { entries: Entry[]; count: number } {
    const entries: Entry[] = [];
    let end = to;
    this.current.walk(from, to, (key, entry) => {
      if (entry.modRevision <= revision) entries.push(entry);
      if (count || entries.length !== limit) return true;
      end = key; // nothing behind it can be among the first `limit`
      return false;
    });
    const fromCurrent = entries.length;
    this.past.walk(from, end, (_, past) => {
      const entry = pastAt(past, revision);
      if (entry) entries.push(entry);
      return true;
    });
    if (entries.length > fromCurrent) entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { entries: limit > 0 ? entries.slice(0, limit) : entries, count: entries.length };
  }
  private at(key: Key, revision: Revision): Entry | undefined {
    const entry = this.current.get(key);
    if (entry && entry.modRevision <= revision) return entry;
    return pastAt(this.past.get(key) ?? [], revision);
  }

  private write(event: StoreEvent, sub: number): void {
    const { type, entry, previous } = event;
    const { key } = entry;
    if (sub > 0 && type === "put") this.subs.set(entry, sub);
    if (previous) {
      const past = this.past.get(key);
      if (past) past.push(event as Past);
      else this.past.set(key, [event as Past]);
    }
    if (type === "put") {
      this.current.set(key, entry);
      this.bytes += sizeOf(entry);
    } else this.current.delete(key);
    const lease = type === "put" ? entry.lease : 0n;
    if (previous?.lease && previous.lease !== lease) this.leaseKeys.get(previous.lease)?.delete(key);
    if (!lease) return;
    const keys = this.leaseKeys.get(lease);
    if (keys) keys.add(key);
    else this.leaseKeys.set(lease, new Set([key]));
  }
  private commit(events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    this.revision++;
    for (const event of events) this.events.push(event);
    this.watchers.publish(events);
  }
  private revokeNow(id: LeaseId): void {
    this.held.remove(id);
    const events = this.attachedTo(id).map(key => {
      const previous = this.current.get(key);
      return { type: "delete" as const, entry: tombstone(key, this.revision + 1), previous };
    });
    for (const event of events) this.write(event, 0);
    this.leaseKeys.delete(id);
    this.commit(events);
  }
  private forget(key: Key, compacted: Revision): void {
    const past = this.past.get(key);
    if (!past) return;
    let gone = 0;
    for (; gone < past.length && past[gone]!.entry.modRevision <= compacted; gone++) this.bytes -= sizeOf(past[gone]!.previous);
    if (gone === past.length) this.past.delete(key);
    else if (gone > 0) past.splice(0, gone);
  }
}

/** The version of a key's past that a reader at `revision` sees; newer ones stand at the end and are asked for most. */
function pastAt(past: readonly Past[], revision: Revision): Entry | undefined {
  for (let i = past.length - 1; i >= 0; i--) {
    const { entry, previous } = past[i]!;
    if (entry.modRevision <= revision) return undefined;
    if (previous.modRevision <= revision) return previous;
  }
  return undefined;
}
