import type { Batch, Key, Revision, StoreEvent, Watch, WatchOptions } from "#store/contract.ts";
import type { Watchers } from "#store/watch.ts";
import { Forgotten, type RemoteFeed } from "./feed.ts";

type Result = IteratorResult<Batch, undefined>;
const DONE: Result = { done: true, value: undefined };

export interface WatchSources {
  readonly feed: RemoteFeed;
  readonly watchers: Watchers;
  /** The newest revision that is known, which the feed may yet have to bring. */
  readonly newest: () => Revision;
  /** The watch is over. */
  readonly left: (watch: RemoteWatch) => void;
}

/** One watch over the feed: of etcd's own history first, where it begins before what the feed remembers. */
export class RemoteWatch implements Watch, AsyncIterator<Batch, undefined> {
  private readonly sources: WatchSources;
  private readonly from: Key;
  private readonly to: Key;
  private readonly options: WatchOptions;
  /** All up to this has been handed out. */
  private position: Revision;
  private live: Watch | undefined;
  private past: AsyncGenerator<Batch, undefined> | undefined;
  private markDue = false;
  private readonly ending = new AbortController();
  private failure: Error | undefined;
  private readonly onAbort = () => this.end();

  constructor(sources: WatchSources, from: Key, to: Key, options: WatchOptions = {}) {
    this.sources = sources;
    this.from = from;
    this.to = to;
    this.options = options;
    this.position = options.after || sources.newest();
    options.signal?.addEventListener("abort", this.onAbort, { once: true });
    if (options.signal?.aborted) this.end();
    else if (sources.feed.remembers(this.position)) this.join();
  }
  [Symbol.asyncIterator](): AsyncIterator<Batch, undefined> {
    return this;
  }
  async next(): Promise<Result> {
    try {
      const result = await this.advance();
      if (result.done) this.end();
      return this.told() ?? result;
    } catch (error) {
      this.end();
      throw error;
    }
  }
  async return(): Promise<Result> {
    this.end();
    return DONE;
  }
  progress(): void {
    const { feed, newest } = this.sources;
    void feed.reached(newest()).then(() => {
      this.markDue = true;
      this.live?.progress();
    });
  }
  /** Ends it; the error is told once. */
  end(error?: Error): void {
    if (this.ending.signal.aborted) return;
    this.failure = error;
    this.ending.abort();
    this.options.signal?.removeEventListener("abort", this.onAbort);
    void this.live?.[Symbol.asyncIterator]().return?.();
    this.sources.left(this);
  }

  private told(): undefined {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }
  private join(): void {
    const { signal: _s, ...options } = this.options;
    this.live = this.sources.watchers.watch(this.from, this.to, { ...options, after: this.position });
    if (this.markDue) this.live.progress();
  }
  private async advance(): Promise<Result> {
    const { feed } = this.sources;
    while (!this.ending.signal.aborted) {
      if (!this.live && feed.remembers(this.position)) this.join();
      const batch = this.live ? await this.fromFeed(this.live) : await this.fromHistory();
      if (batch === "over") return DONE;
      if (!batch) continue;
      this.position = Math.max(this.position, batch.revision);
      if (batch.events.length > 0) return { done: false, value: batch };
      if (!this.live) continue;
      this.markDue = false;
      return { done: false, value: batch };
    }
    return DONE;
  }
  private async fromFeed(live: Watch): Promise<Batch | "over" | undefined> {
    try {
      const { done, value } = await live[Symbol.asyncIterator]().next();
      return done ? "over" : value;
    } catch (error) {
      if (!(error instanceof Forgotten)) throw error;
      // It read too slowly for the feed's memory: from here on at its own pace.
      void live[Symbol.asyncIterator]().return?.();
      this.live = undefined;
      return undefined;
    }
  }
  private async fromHistory(): Promise<Batch | "over" | undefined> {
    const { feed } = this.sources;
    this.past ??= feed.past(this.position, feed.revision, this.from, this.to, this.ending.signal);
    const { done, value } = await this.past.next();
    if (this.ending.signal.aborted) return "over";
    if (!done) return { revision: value.revision, events: value.events.filter(e => this.wants(e)).map(e => this.shown(e)) };
    this.past = undefined;
    return undefined;
  }
  private wants({ type }: StoreEvent): boolean {
    return (type === "put" ? this.options.puts : this.options.deletes) !== false;
  }
  private shown({ type, entry, previous }: StoreEvent): StoreEvent {
    return { type, entry, ...(this.options.previous && previous && { previous }) };
  }
}
