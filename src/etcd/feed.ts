/**
 * The one watch over all of etcd that every watch of this process lives on. As it covers every key it sees every revision, in order, so
 * it is known exactly how far it has come, whatever a member's own progress marks are worth (etcd before 3.4.25 and 3.5.8 sends them too
 * early). What it brought lately is kept; what is older is read from etcd's history at the reader's own pace.
 */
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { countUpTo } from "#base/ordered.ts";
import { type Batch, Compacted, type Key, type Revision, type StoreEvent } from "#store/contract.ts";
import { BATCH_EVENTS, type History, type HistoryRange, type Piece } from "#store/watch.ts";
import type { EtcdPort, WatchCall } from "./ports.ts";
import { eventOf } from "./translate.ts";

const RETRY_MS = 100;
/** A stream that is behind what a read has shown, and silent for so long, is given up for another; which is given twice the time. */
const SILENCE_MS = 500;
const LONGEST_SILENCE_MS = 4_000;
/** Beside values and keys, what one event is counted as. */
const EVENT_OVERHEAD = 256;
const EVERYTHING = { key: "\0", rangeEnd: "\0" } as const;

/** What was asked for has left the feed's memory: it is to be read from etcd. */
export class Forgotten extends Error {}

interface Kept {
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
  readonly size: number;
}
export interface FeedParts {
  readonly port: EtcdPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the events of whole revisions. */
  readonly publish: (events: readonly StoreEvent[]) => void;
  /** All after `position` up to etcd's compaction was missed: no watch can go on. Resolves with the revision to begin anew at. */
  readonly missed: (error: Compacted) => Promise<Revision>;
}

export class RemoteFeed implements History {
  /** All events up to here have been handed on. */
  revision: Revision;
  compacted: Revision;
  private readonly parts: FeedParts;
  private kept: Kept[] = [];
  private keptBytes = 0;
  /** Everything above this is among `kept`. */
  private forgotten: Revision;
  private readonly waiting: { readonly revision: Revision; readonly resolve: () => void }[] = [];
  private call: WatchCall | undefined;
  private heard = 0;
  private silence = SILENCE_MS;
  private overdue: Cancel | undefined;
  private closed = false;

  constructor(parts: FeedParts, revision: Revision, compacted: Revision) {
    this.parts = parts;
    this.revision = revision;
    this.compacted = compacted;
    this.forgotten = revision;
    void this.run();
  }
  close(): void {
    this.closed = true;
    this.overdue?.();
    this.call?.cancel();
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  /** etcd keeps the events of the revision that it was compacted at. */
  get oldest(): Revision {
    return this.compacted;
  }
  /** Whether a watch from there on needs no history of etcd's. */
  remembers(after: Revision): boolean {
    return after >= this.forgotten;
  }
  since(after: Revision, { from, to }: HistoryRange): Piece {
    if (!this.remembers(after)) throw new Forgotten();
    const events: StoreEvent[] = [];
    let revision = after;
    for (let i = countUpTo(this.kept, after, lastOf); i < this.kept.length && events.length < BATCH_EVENTS; i++) {
      const { revision: at, events: all } = this.kept[i]!;
      for (const event of all) if (event.entry.key >= from && event.entry.key < to) events.push(event);
      revision = at;
    }
    return { revision: events.length < BATCH_EVENTS ? Math.max(after, this.revision) : revision, events };
  }
  /** Resolves when all up to `revision` has been handed on, or the feed is closed. */
  reached(revision: Revision): Promise<void> {
    if (this.revision >= revision || this.closed) return Promise.resolve();
    return new Promise(resolve => this.waiting.push({ revision, resolve }));
  }
  /** A read has shown that etcd stands at `revision`: the stream ought to bring it soon. */
  expect(revision: Revision): void {
    if (revision <= this.revision || this.overdue || this.closed) return;
    this.overdue = this.parts.clock.after(this.silence, () => {
      this.overdue = undefined;
      if (this.revision >= revision || this.closed) return;
      if (this.parts.clock.monotonic() - this.heard < this.silence) return this.expect(revision);
      this.silence = Math.min(2 * this.silence, LONGEST_SILENCE_MS);
      this.call?.cancel();
    });
  }

  /** Events in [from, to) after one revision and up to another, as etcd remembers them; each batch says how far it reaches. */
  async *past(after: Revision, until: Revision, from: Key, to: Key, signal?: AbortSignal): AsyncGenerator<Batch, undefined> {
    const { port, clock } = this.parts;
    let position = after;
    while (position < until && !this.closed && !signal?.aborted) {
      const call = port.watch();
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        for await (const events of revisions(call, position)) {
          position = events.at(-1)!.entry.modRevision;
          yield { revision: position, events: events.filter(e => e.entry.key >= from && e.entry.key < to) };
          if (position >= until) return;
        }
      } catch (error) {
        if (error instanceof Compacted) throw error;
      } finally {
        call.cancel();
        signal?.removeEventListener("abort", cancel);
      }
      if (signal?.aborted) return;
      call.failed();
      await clock.sleep(RETRY_MS);
    }
  }

  private async run(): Promise<void> {
    const { port, clock, log } = this.parts;
    while (!this.closed) {
      const call = port.watch();
      this.call = call;
      this.heard = clock.monotonic();
      try {
        for await (const events of revisions(call, this.revision, () => this.hear())) this.take(events);
      } catch (error) {
        if (error instanceof Compacted && !this.closed) await this.beginAnew(error);
        else if (!this.closed) log.warn("the watch on etcd broke off and is begun anew", { at: this.revision, error: String(error) });
      }
      call.cancel();
      if (this.closed) return;
      call.failed();
      await clock.sleep(RETRY_MS);
    }
  }
  private hear(): void {
    this.heard = this.parts.clock.monotonic();
  }
  private take(events: readonly StoreEvent[]): void {
    this.silence = SILENCE_MS;
    for (let i = 0; i < events.length; ) {
      const revision = events[i]!.entry.modRevision;
      let size = 0;
      const begin = i;
      for (; i < events.length && events[i]!.entry.modRevision === revision; i++) {
        const { entry, previous } = events[i]!;
        size += EVENT_OVERHEAD + 2 * entry.key.length + entry.value.length + (previous?.value.length ?? 0);
      }
      this.kept.push({ revision, events: events.slice(begin, i), size });
      this.keptBytes += size;
    }
    this.revision = events.at(-1)!.entry.modRevision;
    let drop = 0;
    while (this.keptBytes > limits.etcdHistory && drop < this.kept.length - 1) this.keptBytes -= this.kept[drop++]!.size;
    if (drop > 0) {
      this.forgotten = this.kept[drop - 1]!.revision;
      this.kept = this.kept.slice(drop);
    }
    this.parts.publish(events);
    this.wake();
  }
  private wake(): void {
    for (let i = this.waiting.length - 1; i >= 0; i--)
      if (this.waiting[i]!.revision <= this.revision) this.waiting.splice(i, 1)[0]!.resolve();
  }
  private async beginAnew(error: Compacted): Promise<void> {
    this.parts.log.error("etcd has compacted away what the watch on it had not yet brought", { at: this.revision });
    this.compacted = Math.max(this.compacted, error.compacted);
    try {
      this.revision = await this.parts.missed(error);
    } catch {
      return; // the next round comes here again
    }
    this.kept = [];
    this.keptBytes = 0;
    this.forgotten = this.revision;
    this.wake();
  }
}

const lastOf = ({ revision }: Kept) => revision;

/** Everything above `after`, in whole revisions; throws Compacted, or whatever it broke off with. */
async function* revisions(call: WatchCall, after: Revision, hear?: () => void): AsyncGenerator<readonly StoreEvent[], undefined> {
  await call.send({ createRequest: { ...EVERYTHING, startRevision: after + 1, prevKv: true, fragment: true } });
  let position = after;
  let parts: StoreEvent[] = [];
  for (;;) {
    const answer = await call.next();
    if (!answer) throw new Error("the member ended the watch");
    hear?.();
    if (answer.canceled) {
      if (answer.compactRevision > 0) throw new Compacted(answer.compactRevision);
      throw new Error(answer.cancelReason || "the member cancelled the watch");
    }
    if (answer.created) call.worked();
    for (const event of answer.events) if (event.kv!.modRevision > position) parts.push(eventOf(event));
    // A large answer comes in fragments, and only the last ends a revision.
    if (answer.fragment || parts.length === 0) continue;
    position = parts.at(-1)!.entry.modRevision;
    const whole = parts;
    parts = [];
    yield whole;
  }
}
