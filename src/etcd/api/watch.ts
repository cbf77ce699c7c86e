/**
 * etcd's Watch service: any number of watches on one stream. A reader that falls behind costs one watch no more than its buffer
 * in the store: it is dropped there and read on from history, as etcd's unsynced watchers are; when the history has been
 * compacted meanwhile, the watch is cancelled with that revision.
 */
import type { Cancel } from "#base/clock.ts";
import type { Input, Value } from "#base/message.ts";
import { type Call, type Channel, type Route, type RpcError, streaming } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import type { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "#etcd/messages.ts";
import { type Batch, Compacted, type Revision, SlowWatcher, StoreClosed, type StoreEvent, type Watch } from "#store/contract.ts";
import { rpcErrorOf } from "./errors.ts";
import { rangeOf } from "./range.ts";
import { headerOf, type Server } from "./server.ts";

type Stream = Channel<typeof WatchRequest, typeof WatchResponse>;
type Create = Value<typeof WatchCreateRequest>;

/** The id of what concerns no watch, or all. */
const NO_WATCH = -1;
/** After this long without events, a watch that asked for it is told how far it has come. */
const PROGRESS = 10 * 60_000;
/** Filters: no puts, no deletions. */
const NO_PUTS = 0;
const NO_DELETES = 1;
/** Beside its keys and values, what an event counts when a batch is cut into fragments. */
const EVENT_OVERHEAD = 96;

export function watchRoutes(server: Server): Route[] {
  return [
    streaming(calls.watch, async (channel, call) => {
      const watches = new Watches(server, channel, call);
      try {
        for (;;) {
          const request = await channel.next();
          if (!request) break;
          await watches.take(request);
        }
        await watches.ended();
      } finally {
        watches.stop();
      }
    }),
  ];
}

class Watches {
  readonly server: Server;
  readonly channel: Stream;
  private readonly call: Call;
  private readonly open = new Map<number, OneWatch>();
  private nextId = 0;
  /** A progress request, and the watches that have still to come so far. */
  private asked: Set<OneWatch> | undefined;

  constructor(server: Server, channel: Stream, call: Call) {
    this.server = server;
    this.channel = channel;
    this.call = call;
  }

  async take({ createRequest, cancelRequest, progressRequest }: Value<typeof WatchRequest>): Promise<void> {
    if (createRequest) await this.create(createRequest);
    else if (cancelRequest) await this.cancel(cancelRequest.watchId);
    else if (progressRequest) await this.progress();
  }
  /** When the caller sends no more requests, events go on until it leaves. */
  async ended(): Promise<void> {
    const { signal } = this.call;
    if (this.open.size === 0 || signal.aborted) return;
    await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve(), { once: true }));
  }
  stop(): void {
    for (const watch of this.open.values()) watch.stop();
    this.open.clear();
  }
  async leave(watch: OneWatch, says: Input<typeof WatchResponse>): Promise<void> {
    this.open.delete(watch.id);
    watch.stop();
    await this.channel.send({ header: headerOf(this.server), watchId: watch.id, canceled: true, ...says });
    await this.arrived(watch);
  }
  /** All up to the revision of the request for progress has been delivered to `watch`, or it is over. */
  async arrived(watch: OneWatch): Promise<void> {
    if (!this.asked?.delete(watch) || this.asked.size > 0) return;
    this.asked = undefined;
    let revision = this.server.store.revision;
    for (const each of this.open.values()) revision = Math.min(revision, each.delivered);
    await this.channel.send({ header: headerOf(this.server, revision), watchId: NO_WATCH });
  }

  private async create(request: Create): Promise<void> {
    const { store, auth } = this.server;
    // The smallest key there is.
    const key = request.key === "" ? "\0" : request.key;
    const [from, to] = rangeOf(key, request.rangeEnd);
    const refuse = (reason: string) =>
      this.channel.send({ header: headerOf(this.server), watchId: NO_WATCH, created: true, canceled: true, cancelReason: reason });
    if (request.startRevision < 0) return refuse("etcdserver: mvcc: required revision has been compacted");
    if (auth.enabled) {
      try {
        auth.mayRead(this.call, key, request.rangeEnd);
      } catch (error) {
        const { code, message } = error as RpcError;
        return refuse(`rpc error: code = ${CODES[code] ?? "Unknown"} desc = ${message}`);
      }
    }
    if (to <= from) return refuse("mvcc: watcher range is empty");
    if (request.watchId !== 0 && this.open.has(request.watchId)) return refuse("mvcc: duplicate watch ID provided on the WatchStream");
    while (request.watchId === 0 && this.open.has(this.nextId)) this.nextId++;
    const id = request.watchId === 0 ? this.nextId++ : request.watchId;
    // No event has revision 1, and 0 would mean now.
    const after = request.startRevision > 0 ? Math.max(1, request.startRevision - 1) : store.revision;
    const watch = new OneWatch(this, id, request, from, to, after);
    try {
      watch.open();
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error));
    }
    this.open.set(id, watch);
    await this.channel.send({ header: headerOf(this.server), watchId: id, created: true });
    void watch.run();
  }
  private async cancel(id: number): Promise<void> {
    const watch = this.open.get(id);
    if (watch) await this.leave(watch, {});
  }
  private async progress(): Promise<void> {
    if (this.open.size === 0) {
      await this.channel.send({ header: headerOf(this.server), watchId: NO_WATCH });
      return;
    }
    this.asked ??= new Set();
    for (const watch of this.open.values()) this.asked.add(watch);
    for (const watch of this.open.values()) watch.mark();
  }
}
const CODES: Readonly<Record<number, string>> = { 3: "InvalidArgument", 7: "PermissionDenied", 16: "Unauthenticated" };

class OneWatch {
  readonly id: number;
  /** All up to this has been sent. */
  delivered: Revision;
  private readonly all: Watches;
  private readonly request: Create;
  private readonly from: string;
  private readonly to: string;
  private watch: Watch | undefined;
  private stopped = false;
  private marked = false;
  private quiet: Cancel | undefined;

  constructor(all: Watches, id: number, request: Create, from: string, to: string, after: Revision) {
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
    if (this.marked) this.watch.progress();
    if (this.request.progressNotify) this.awaitQuiet();
  }
  mark(): void {
    this.marked = true;
    this.watch?.progress();
  }
  stop(): void {
    this.stopped = true;
    this.quiet?.();
    void this.watch?.[Symbol.asyncIterator]().return?.();
  }
  async run(): Promise<void> {
    try {
      while (!this.stopped) {
        try {
          for await (const batch of this.watch!) await this.give(batch);
          if (!this.stopped) throw new StoreClosed("the store is closed");
        } catch (error) {
          if (!(error instanceof SlowWatcher)) throw error;
          this.open();
        }
      }
    } catch (error) {
      if (this.stopped) return;
      const says = error instanceof Compacted ? { compactRevision: error.compacted } : { cancelReason: rpcErrorOf(error).message };
      // The stream may be over by now.
      await this.all.leave(this, says).catch(() => {});
    }
  }

  private async give(batch: Batch): Promise<void> {
    if (this.stopped) return;
    const wasMarked = batch.events.length === 0;
    if (!wasMarked) await this.send(batch);
    this.delivered = Math.max(this.delivered, batch.revision);
    if (!wasMarked) return;
    const asked = this.marked;
    this.marked = false;
    if (asked) await this.all.arrived(this);
    else await this.all.channel.send({ header: headerOf(this.all.server, batch.revision), watchId: this.id });
    if (this.request.progressNotify) this.awaitQuiet();
  }
  private async send({ events, revision }: Batch): Promise<void> {
    if (this.request.progressNotify) this.awaitQuiet();
    const { server, channel } = this.all;
    const header = headerOf(server, revision);
    const parts = this.request.fragment ? fragments(events, server.requestBytes) : [events];
    for (const [i, part] of parts.entries()) {
      const more = i < parts.length - 1;
      await channel.send({ header, watchId: this.id, ...(more && { fragment: true }), events: part.map(eventOf) });
    }
  }
  /** Starts the time anew after which a watch without events is told its progress. */
  private awaitQuiet(): void {
    this.quiet?.();
    this.quiet = this.all.server.clock.after(PROGRESS, () => this.watch?.progress());
  }
}

function eventOf({ type, entry, previous }: StoreEvent): Input<typeof Event> {
  return { type: type === "put" ? 0 : 1, kv: entry, prevKv: previous };
}
/** Events in pieces of some `bytes`, each of one event at least. */
function fragments(events: readonly StoreEvent[], bytes: number): readonly (readonly StoreEvent[])[] {
  const parts: StoreEvent[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const { entry, previous } = event;
    const own = EVENT_OVERHEAD + 2 * entry.key.length + entry.value.length + (previous?.value.length ?? 0);
    if (size + own > bytes) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(event);
    size += own;
  }
  return parts;
}
