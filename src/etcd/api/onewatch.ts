/** One watch of a stream of etcd's Watch service. */
import type { Cancel } from "#base/clock.ts";
import type { Input, Value } from "#base/message.ts";
import type { Event, WatchCreateRequest } from "#etcd/messages.ts";
import { type Batch, Compacted, type Revision, SlowWatcher, StoreClosed, type StoreEvent, type Watch } from "#store/contract.ts";
import { rpcErrorOf } from "./errors.ts";
import { headerOf } from "./server.ts";
import type { Watches } from "./watch.ts";

/** Filters: no puts, no deletions. */
const NO_PUTS = 0;
const NO_DELETES = 1;
/** Beside its keys and values, what an event is counted as. */
const EVENT_OVERHEAD = 96;

/** Chosen by the client, or counted from 0 on its stream. */
export type WatchId = bigint;

export class OneWatch {
  readonly id: WatchId;
  /** All up to this has been sent. */
  delivered: Revision;
  private readonly all: Watches;
  private readonly request: Value<typeof WatchCreateRequest>;
  private readonly from: string;
  private readonly to: string;
  private watch: Watch | undefined;
  private stopped = false;
  /** Why the store was asked for a mark: the client wants to know how far it has come, or has heard nothing for long. */
  private asked = false;
  private wasQuiet = false;
  private quiet: Cancel | undefined;

  constructor(all: Watches, id: WatchId, request: Value<typeof WatchCreateRequest>, from: string, to: string, after: Revision) {
    this.all = all;
    this.id = id;
    this.request = request;
    this.from = from;
    this.to = to;
    this.delivered = after;
  }
  /** Throws what the store throws. */
  open(): void {
    this.watch = this.all.server.store.watch(this.from, this.to, {
      after: this.delivered,
      previous: this.request.prevKv,
      puts: !this.request.filters.includes(NO_PUTS),
      deletes: !this.request.filters.includes(NO_DELETES),
    });
    if (this.asked || this.wasQuiet) this.watch.progress();
    this.awaitQuiet();
  }
  mark(): void {
    this.asked = true;
    this.watch?.progress();
  }
  stop(): void {
    this.stopped = true;
    this.quiet?.();
    this.close();
  }
  async run(): Promise<void> {
    try {
      while (!this.stopped) {
        const isThere = this.delivered >= this.all.server.store.revision || (await this.all.turns.take(this, () => this.catchUp()));
        if (isThere) await this.follow();
      }
    } catch (error) {
      if (this.stopped) return;
      const says = error instanceof Compacted ? { compactRevision: error.compacted } : { cancelReason: rpcErrorOf(error).message };
      // The stream may be over by now.
      await this.all.leave(this, says).catch(() => {});
    }
  }

  /** Sends what the store tells, until it comes faster than it is read. */
  private async follow(): Promise<void> {
    try {
      if (!this.watch) this.open();
      for (let batch = await this.next(); batch; batch = await this.next()) {
        const { events } = batch;
        if (events.length > 0 && !this.all.hasRoom(() => sizeOf(events))) return;
        await this.give(batch);
      }
    } catch (error) {
      if (!(error instanceof SlowWatcher)) throw error;
    } finally {
      this.close();
    }
  }
  /**
   * Opens it anew where it stood, and sends what comes first; or nothing, when nothing was missed. Says whether what is next
   * comes from the store; if not, it holds nothing until it has its turn again.
   */
  private async catchUp(): Promise<boolean> {
    if (this.stopped) return false;
    if (!this.watch) this.open();
    this.watch!.progress();
    const batch = await this.next();
    if (!batch) return false;
    const isThere = batch.revision >= this.all.server.store.revision;
    if (!isThere) this.close();
    await this.give(batch);
    return isThere;
  }
  /** undefined: it was stopped. */
  private async next(): Promise<Batch | undefined> {
    if (this.stopped) return undefined;
    const { done, value } = await this.watch![Symbol.asyncIterator]().next();
    if (this.stopped) return undefined;
    if (done) throw new StoreClosed("the store is closed");
    return value;
  }
  private close(): void {
    void this.watch?.[Symbol.asyncIterator]().return?.();
    this.watch = undefined;
  }

  private async give(batch: Batch): Promise<void> {
    if (batch.events.length > 0) await this.send(batch);
    this.delivered = Math.max(this.delivered, batch.revision);
    if (batch.events.length > 0) return;
    const { asked, wasQuiet } = this;
    this.asked = this.wasQuiet = false;
    if (asked) await this.all.arrived(this);
    else if (wasQuiet) await this.all.channel.send({ header: headerOf(this.all.server, batch.revision), watchId: this.id });
    this.awaitQuiet();
  }
  private async send({ events, revision }: Batch): Promise<void> {
    this.awaitQuiet();
    const { server } = this.all;
    const header = headerOf(server, revision);
    const parts = this.request.fragment ? fragments(events, server.requestBytes) : [events];
    for (const [i, part] of parts.entries()) {
      const more = i < parts.length - 1;
      const message = { header, watchId: this.id, ...(more && { fragment: true }), events: part.map(eventOf) };
      await this.all.send(message, () => sizeOf(part));
    }
  }
  /** Starts the time anew after which a watch without events is told its progress. */
  private awaitQuiet(): void {
    if (!this.request.progressNotify) return;
    this.quiet?.();
    this.quiet = this.all.server.clock.after(this.all.server.watchQuiet, () => {
      this.wasQuiet = true;
      this.watch?.progress();
    });
  }
}

function eventOf({ type, entry, previous }: StoreEvent): Input<typeof Event> {
  return { type: type === "put" ? 0 : 1, kv: entry, prevKv: previous };
}
const eventSize = ({ entry, previous }: StoreEvent) =>
  EVENT_OVERHEAD + 2 * entry.key.length + entry.value.length + (previous?.value.length ?? 0);
const sizeOf = (events: readonly StoreEvent[]) => events.reduce((sum, event) => sum + eventSize(event), 0);
/** Events in pieces of some `bytes`, each of one event at least. */
function fragments(events: readonly StoreEvent[], bytes: number): readonly (readonly StoreEvent[])[] {
  const parts: StoreEvent[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const own = eventSize(event);
    if (size + own > bytes) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(event);
    size += own;
  }
  return parts;
}
