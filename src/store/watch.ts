import { limits } from "#base/limits.ts";
import {
  type Batch,
  Compacted,
  type Key,
  type Revision,
  SlowWatcher,
  type StoreEvent,
  TooManyWatches,
  type Watch,
  type WatchOptions,
} from "./contract.ts";

/** What the hub asks of its store to serve watches that start in the past. */
export interface History {
  readonly revision: Revision;
  readonly compacted: Revision;
  /** The first revision whose events are still there. */
  readonly oldest: Revision;
  /**
   * Events of whole revisions above `after` with keys in [from, to), some at a time; `revision` says how far they reach,
   * `cursor` where the next call goes on. Throws Compacted when they are gone.
   */
  since(after: Revision, range: HistoryRange): Piece | Promise<Piece>;
}
export interface HistoryRange {
  readonly from: Key;
  readonly to: Key;
  /** Whether events are to have what they replaced. */
  readonly previous: boolean;
  readonly cursor?: unknown;
}
export interface Piece extends Batch {
  readonly cursor?: unknown;
}

/** Events of history that a store gives at a time, at least. */
export const BATCH_EVENTS = 1000;
/** Beside its value and keys, what one event in a queue is counted as. */
export const EVENT_OVERHEAD = 128;
export const revisionOf = ({ entry }: StoreEvent): Revision => entry.modRevision;

/**
 * Hands events to watchers. A watcher that starts in the past reads the store's history at its own pace, and joins the
 * live ones at the moment when it has caught up; only live ones have a queue, and it is bounded.
 */
export class Watchers {
  private readonly history: History;
  private readonly buffer: number;
  /** Watchers of one key, and watchers of a range by its ends: an event is matched once for all that watch the same. */
  private readonly single = new Map<Key, Set<Watcher>>();
  private readonly ranges = new Map<string, { from: Key; to: Key; watchers: Set<Watcher> }>();
  private readonly open = new Set<Watcher>();
  /** Those that what is being published concerns. */
  private readonly touched = new Set<Watcher>();
  private readonly most: number;
  private readonly buffers: number;
  /** Bytes in the queues of all watchers; what several are to have counts for each. */
  private queued = 0;

  /** `buffer`: bytes kept for one slow watcher, `buffers` for all of them; `most`: watches at once. */
  constructor(history: History, { buffer, buffers = limits.watchBuffers, most }: { buffer: number; buffers?: number; most: number }) {
    this.history = history;
    this.buffer = buffer;
    this.buffers = buffers;
    this.most = most;
  }

  watch(from: Key, to: Key, options: WatchOptions = {}): Watch {
    if (this.open.size >= this.most) throw new TooManyWatches(this.most);
    const watcher = new Watcher(this.history, from, to, options, {
      // Cutting off those above the mean bounds the sum: who is below it holds little, whatever their number.
      queued: (change, own) => {
        this.queued += change;
        return own > this.buffer || (this.queued > this.buffers && own * this.open.size > this.buffers);
      },
      join: () => this.setOf(from, to).add(watcher),
      leave: () => {
        this.open.delete(watcher);
        this.drop(watcher);
      },
    });
    this.open.add(watcher);
    watcher.start();
    return watcher;
  }

  /** Whether there are watches that events may be published to. */
  get any(): boolean {
    return this.open.size > 0;
  }
  /**
   * To be called when `history.revision` has moved; `events` are of whole revisions, in order. `complete` adds what an
   * event replaced; it is asked only for those who want that.
   */
  publish(events: readonly StoreEvent[], complete: (event: StoreEvent) => StoreEvent = event => event): void {
    for (const event of events) {
      const key = event.entry.key;
      const single = this.single.get(key);
      if (single) this.push(single, event, complete);
      for (const { from, to, watchers } of this.ranges.values()) if (key >= from && key < to) this.push(watchers, event, complete);
    }
    for (const watcher of this.touched) watcher.wake();
    this.touched.clear();
  }
  private push(watchers: Set<Watcher>, event: StoreEvent, complete: (event: StoreEvent) => StoreEvent): void {
    let whole: StoreEvent | undefined;
    for (const watcher of watchers) {
      if (watcher.wantsPrevious) whole ??= complete(event);
      watcher.push((watcher.wantsPrevious && whole) || event);
      this.touched.add(watcher);
    }
  }

  close(): void {
    for (const watcher of [...this.open]) watcher.end();
  }

  private setOf(from: Key, to: Key): Set<Watcher> {
    if (isSingle(from, to)) {
      const set = this.single.get(from) ?? new Set();
      this.single.set(from, set);
      return set;
    }
    const name = rangeName(from, to);
    const range = this.ranges.get(name) ?? { from, to, watchers: new Set() };
    this.ranges.set(name, range);
    return range.watchers;
  }
  private drop(watcher: Watcher): void {
    const { from, to } = watcher;
    const set = this.setOf(from, to);
    set.delete(watcher);
    if (set.size > 0) return;
    if (isSingle(from, to)) this.single.delete(from);
    else this.ranges.delete(rangeName(from, to));
  }
}
const isSingle = (from: Key, to: Key) => to.length === from.length + 1 && to === `${from}\0`;
const rangeName = (from: Key, to: Key) => `${from.length} ${from}${to}`;

interface Hub {
  /** A queue has grown or shrunk by some bytes, to those of its `own`. Whether that is too much. */
  queued(change: number, own: number): boolean;
  join(): void;
  leave(): void;
}

class Watcher implements Watch, AsyncIterator<Batch, undefined> {
  readonly from: Key;
  readonly to: Key;
  private readonly history: History;
  private readonly options: WatchOptions;
  private readonly hub: Hub;
  /** All up to this has been handed out. */
  private position: Revision;
  private live = false;
  private queue: StoreEvent[] = [];
  private queued = 0;
  private markWanted = false;
  /** What is being read of history, or has been and was not handed out yet. */
  private reading = false;
  private read: Piece | undefined;
  private cursor: unknown;
  private ended: { error?: Error } | undefined;
  private waiting: PromiseWithResolvers<IteratorResult<Batch, undefined>> | undefined;
  private readonly onAbort = () => this.end();

  constructor(history: History, from: Key, to: Key, options: WatchOptions, hub: Hub) {
    this.history = history;
    this.from = from;
    this.to = to;
    this.options = options;
    this.hub = hub;
    this.position = options.after || history.revision;
  }

  get wantsPrevious(): boolean {
    return this.options.previous === true;
  }
  start(): void {
    if (this.options.signal?.aborted) this.end();
    if (this.ended) return;
    this.options.signal?.addEventListener("abort", this.onAbort, { once: true });
    if (this.position >= this.history.revision) this.join();
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch, undefined> {
    return this;
  }
  next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.waiting) return this.waiting.promise;
    const asked = Promise.withResolvers<IteratorResult<Batch, undefined>>();
    this.waiting = asked;
    this.wake();
    return asked.promise;
  }
  async return(): Promise<IteratorResult<Batch, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }
  progress(): void {
    this.markWanted = true;
    this.wake();
  }

  push(event: StoreEvent): void {
    if (this.ended || event.entry.modRevision <= this.position || !this.wanted(event)) return;
    this.queue.push(event);
    const size =
      EVENT_OVERHEAD + event.entry.key.length + event.entry.value.length + ((this.wantsPrevious && event.previous?.value.length) || 0);
    this.queued += size;
    // One batch may be larger than the buffer when nothing waits before it: a reader that waits is not slow.
    if (this.hub.queued(size, this.queued) && !this.waiting) this.end(new SlowWatcher());
  }
  /** Answers a waiting `next`, if there is something to say. */
  wake(): void {
    if (!this.waiting) return;
    let ready: IteratorResult<Batch, undefined> | undefined;
    const { resolve, reject } = this.waiting;
    try {
      ready = this.take();
    } catch (error) {
      this.waiting = undefined;
      reject(error);
    }
    if (!ready) return;
    this.waiting = undefined;
    resolve(ready);
  }
  end(error?: Error): void {
    if (this.ended) return;
    this.ended = { error };
    this.emptied();
    this.options.signal?.removeEventListener("abort", this.onAbort);
    this.hub.leave();
    this.wake();
  }

  private emptied(): void {
    this.hub.queued(-this.queued, 0);
    this.queue = [];
    this.queued = 0;
  }
  /** The next piece of history, or nothing yet: then the watcher is woken when it has been read. */
  private replay(): Piece | undefined {
    if (this.reading) return undefined;
    const { from, to, cursor } = this;
    const piece = this.history.since(this.position, { from, to, previous: this.options.previous === true, cursor });
    if (!(piece instanceof Promise)) return piece;
    this.reading = true;
    piece.then(
      read => {
        this.reading = false;
        this.read = read;
        this.wake();
      },
      error => {
        this.reading = false;
        this.end(error);
      },
    );
    return undefined;
  }
  private join(): void {
    this.live = true;
    this.hub.join();
  }
  private take(): IteratorResult<Batch, undefined> | undefined {
    if (this.ended) {
      const { error } = this.ended;
      this.ended = {}; // an error is told once
      if (error) throw error;
      return { done: true, value: undefined };
    }
    while (!this.live) {
      if (this.position + 1 < this.history.oldest) {
        this.end(new Compacted(this.history.compacted));
        return this.take();
      }
      const piece = this.read ?? this.replay();
      if (!piece) return undefined;
      this.read = undefined;
      this.position = piece.revision;
      this.cursor = piece.cursor;
      if (this.position >= this.history.revision) this.join();
      const events = piece.events.filter(event => this.wanted(event));
      if (events.length > 0) return this.give(events);
    }
    if (this.queue.length > 0) {
      const events = this.queue;
      this.emptied();
      this.position = this.history.revision;
      return this.give(events);
    }
    if (!this.markWanted || this.history.revision < this.position) return undefined;
    this.markWanted = false;
    this.position = this.history.revision;
    return this.give([]);
  }
  private wanted({ type }: StoreEvent): boolean {
    return type === "put" ? this.options.puts !== false : this.options.deletes !== false;
  }
  private give(events: readonly StoreEvent[]): IteratorResult<Batch, undefined> {
    const bare = this.options.previous ? events : events.map(({ type, entry }) => ({ type, entry }));
    return { done: false, value: { revision: this.position, events: bare } };
  }
}
