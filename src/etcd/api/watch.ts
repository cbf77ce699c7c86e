/**
 * etcd's Watch service: any number of watches on one stream. A reader that falls behind costs a stream some bytes, whatever its
 * watches: what exceeds them is dropped and read on from history, watch by watch, as etcd's unsynced watchers are; when the
 * history has been compacted meanwhile, the watch is cancelled with that revision.
 */
import { limits } from "#base/limits.ts";
import type { Input, Value } from "#base/message.ts";
import { type Call, type Channel, type Route, type RpcError, streaming } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import type { WatchCreateRequest, WatchRequest, WatchResponse } from "#etcd/messages.ts";
import { OneWatch, type WatchId } from "./onewatch.ts";
import { rangeOf } from "./range.ts";
import { headerOf, type Server } from "./server.ts";
import { Turns } from "./turns.ts";

type Stream = Channel<typeof WatchRequest, typeof WatchResponse>;
type Create = Value<typeof WatchCreateRequest>;

/** The id of what concerns no watch, or all. */
const NO_WATCH = -1n;

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

export class Watches {
  readonly server: Server;
  readonly channel: Stream;
  private readonly call: Call;
  private readonly open = new Map<WatchId, OneWatch>();
  private nextId = 0n;
  /** A progress request, and the watches that have still to come so far. */
  private asked: Set<OneWatch> | undefined;
  /** Bytes of events that wait for the reader. */
  private waiting = 0;
  /** Of the watches that read history one does so at a time, until the reader has taken what it found. */
  readonly turns = new Turns();

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
    // As etcd has it: what was compacted has no revision to tell.
    const header = says.compactRevision ? headerOf(this.server, 0) : headerOf(this.server);
    await this.channel.send({ header, watchId: watch.id, canceled: true, ...says });
    await this.arrived(watch);
  }
  /** Events of that many bytes, or little else. */
  async send(message: Input<typeof WatchResponse>, bytes: () => number): Promise<void> {
    const sent = this.channel.send(message);
    if (!sent) return;
    const size = bytes();
    this.waiting += size;
    await sent.finally(() => {
      this.waiting -= size;
    });
  }
  /** Whether events of that many bytes may wait beside those that do. */
  hasRoom(bytes: () => number): boolean {
    return this.waiting === 0 || this.waiting + bytes() <= limits.etcdWatchWaiting;
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
    if (request.watchId !== 0n && this.open.has(request.watchId)) return refuse("mvcc: duplicate watch ID provided on the WatchStream");
    while (request.watchId === 0n && this.open.has(this.nextId)) this.nextId++;
    const id = request.watchId === 0n ? this.nextId++ : request.watchId;
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
  private async cancel(id: WatchId): Promise<void> {
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
