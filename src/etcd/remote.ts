/** A real etcd as the store: any number of members, each of which may die, hang or be cut off. */

import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import {
  Compacted,
  type Compare,
  type Entry,
  FutureRevision,
  InvalidTxn,
  type Key,
  type Lease,
  LeaseExists,
  type LeaseId,
  LeaseNotFound,
  type LeaseState,
  type Op,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type Store,
  StoreClosed,
  type TxnResult,
  type Watch,
  type WatchOptions,
} from "#store/contract.ts";
import { compareLeases } from "#store/lease.ts";
import { Watchers } from "#store/watch.ts";
import { calls } from "./calls.ts";
import { RemoteFeed } from "./feed.ts";
import { drawnLease } from "./leaseid.ts";
import type { RangeRequest } from "./messages.ts";
import { type Fence, isTrace, OutcomeUnknown, type ReadAt, repeatableBy, resultsAt } from "./outcome.ts";
import { type Answered, type EtcdPort, Refused, Unanswered } from "./ports.ts";
import { COMPACTED, entryOf, errorOf, FUTURE, resultsOf, span, txnOf } from "./translate.ts";
import { RemoteWatch } from "./watch.ts";

/** Entries of one answer. */
const PAGE = 1000;
/** For how long what a member said of its size is good enough. */
const SIZE_MS = 10_000;
const ANYWHERE = { key: "\0" } as const;

export interface RemoteParts {
  readonly port: EtcdPort;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Bytes kept for one slow watcher. */
  readonly watchBuffer?: number;
  /** Watches at once. */
  readonly watches?: number;
}

/** Throws when no member answers. The port is closed with the store. */
export async function openRemote(parts: RemoteParts): Promise<Store> {
  const { port } = parts;
  const { header } = (await port.call(calls.range, ANYWHERE, { repeatable: true })).value;
  const revision = header!.revision;
  const compacted = await compactedOf(port, revision);
  return new RemoteStore(parts, revision, compacted);
}

/** etcd tells how far it has compacted only to who asks for what is gone. */
async function compactedOf(port: EtcdPort, revision: Revision): Promise<Revision> {
  if (revision <= 1) return 0;
  try {
    await port.call(calls.range, { ...ANYWHERE, revision: 1 }, { repeatable: true });
    return 0;
  } catch (error) {
    if (!(error instanceof Refused) || error.message !== COMPACTED) throw error;
  }
  for (;;) {
    const call = port.watch();
    try {
      await call.send({ createRequest: { ...ANYWHERE, startRevision: 1 } });
      for (let answer = await call.next(); answer; answer = await call.next())
        if (answer.canceled && answer.compactRevision > 0) return answer.compactRevision;
    } catch {
      // the next member is asked
    } finally {
      call.cancel();
    }
    call.failed();
  }
}

class RemoteStore implements Store {
  revision: Revision;
  private readonly parts: RemoteParts;
  private readonly port: EtcdPort;
  private readonly feed: RemoteFeed;
  private readonly watchers: Watchers;
  private readonly watches = new Set<RemoteWatch>();
  private measured = { bytes: 0, until: 0 };
  private closed = false;

  constructor(parts: RemoteParts, revision: Revision, compacted: Revision) {
    this.parts = parts;
    this.port = parts.port;
    this.revision = revision;
    this.feed = new RemoteFeed(
      {
        ...parts,
        publish: events => {
          this.seen(this.feed.revision);
          this.watchers.publish(events);
        },
        missed: async error => {
          await this.read(ANYWHERE);
          for (const watch of [...this.watches]) watch.end(error);
          return this.revision;
        },
      },
      revision,
      compacted,
    );
    this.watchers = new Watchers(this.feed, { buffer: parts.watchBuffer ?? limits.watchBuffer, most: parts.watches ?? limits.watches });
  }
  get compacted(): Revision {
    return this.feed.compacted;
  }

  async get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    if (key === "") return undefined;
    const { kvs } = await this.read({ key, revision });
    return kvs[0] && entryOf(kvs[0]);
  }
  async range(from: Key, to: Key, { revision, limit = 0, keysOnly, countOnly }: RangeOptions = {}): Promise<RangeResult> {
    const between = span(from, to);
    if (!between) {
      await this.read({ ...ANYWHERE, revision });
      return { entries: [], count: 0, more: false, revision: this.revision };
    }
    const wanted = limit || Number.POSITIVE_INFINITY;
    const first = await this.read({ ...between, revision, keysOnly, countOnly, limit: Math.min(wanted, PAGE) });
    const at = first.header!.revision;
    const entries = first.kvs.map(entryOf);
    let { more } = first;
    while (more && entries.length < wanted && !countOnly) {
      const key = `${entries.at(-1)!.key}\0`;
      const next = await this.read({ ...between, key, revision: revision || at, keysOnly, limit: Math.min(wanted - entries.length, PAGE) });
      for (const kv of next.kvs) entries.push(entryOf(kv));
      more = next.more;
    }
    return { entries, count: first.count, more: countOnly ? false : first.count > entries.length, revision: at };
  }
  async *scan(from: Key, to: Key, { revision, limit = 0, keysOnly }: RangeOptions = {}): AsyncGenerator<readonly Entry[]> {
    let left = limit || Number.POSITIVE_INFINITY;
    let at = revision;
    for (let key = from; left > 0; ) {
      const between = span(key, to);
      if (!between) return;
      const { kvs, more, header } = await this.read({ ...between, revision: at, keysOnly, limit: Math.min(left, PAGE) });
      at ||= header!.revision;
      if (kvs.length > 0) yield kvs.map(entryOf);
      if (!more) return;
      left -= kvs.length;
      key = `${kvs.at(-1)!.key}\0`;
    }
  }

  async txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    for (const ops of [then, otherwise]) check(ops);
    const repeatable = repeatableBy(compare, then, otherwise);
    const before = this.revision;
    const { value, doubtful } = await this.call(calls.txn, txnOf(compare, then, otherwise), repeatable !== undefined);
    const revision = value.header!.revision;
    if (!value.succeeded && doubtful && typeof repeatable === "object") {
      const carried = await this.carriedOut(repeatable.fence, then, before, revision);
      if (carried) return carried;
    }
    return { succeeded: value.succeeded, revision, results: resultsOf(value.succeeded ? then : otherwise, value.responses) };
  }
  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    this.open();
    const { feed, watchers } = this;
    const sources = { feed, watchers, newest: () => this.revision, left: (w: RemoteWatch) => this.watches.delete(w) };
    const watch = new RemoteWatch(sources, from, to, options);
    if (!options?.signal?.aborted) this.watches.add(watch);
    return watch;
  }

  async grant(ttl: number, id?: LeaseId): Promise<Lease> {
    // With an id of our own the grant can be repeated.
    const chosen = id ?? drawnLease(this.parts.chance);
    try {
      const { value } = await this.call(calls.leaseGrant, { id: chosen, ttl: Math.max(1, ttl) }, true);
      return { id: value.id, ttl: value.ttl };
    } catch (error) {
      if (error instanceof LeaseExists && isDoubtful(error)) return { id: chosen, ttl };
      if (error instanceof LeaseExists && id === undefined) return this.grant(ttl);
      throw error;
    }
  }
  async keepAlive(id: LeaseId): Promise<Lease> {
    const { value } = await this.call(calls.leaseKeepAlive, { id }, true);
    if (value.ttl <= 0) throw new LeaseNotFound();
    return { id, ttl: value.ttl };
  }
  async revoke(id: LeaseId): Promise<void> {
    await this.call(calls.leaseRevoke, { id }, true).catch(error => {
      if (!(error instanceof LeaseNotFound && isDoubtful(error))) throw error;
    });
  }
  async leases(): Promise<readonly LeaseId[]> {
    const { value } = await this.call(calls.leaseLeases, {}, true);
    return value.leases.map(l => l.id).sort(compareLeases);
  }
  async timeToLive(id: LeaseId): Promise<LeaseState> {
    const { value } = await this.call(calls.leaseTimeToLive, { id, keys: true }, true);
    if (value.ttl < 0) throw new LeaseNotFound();
    return { id, ttl: value.grantedTtl, remaining: value.ttl, keys: [...value.keys].sort((a, b) => (a < b ? -1 : 1)) };
  }

  async compact(revision: Revision): Promise<void> {
    try {
      await this.call(calls.compact, { revision }, true);
    } catch (error) {
      if (!(error instanceof Compacted && isDoubtful(error))) throw error;
    }
    this.feed.compacted = Math.max(this.feed.compacted, revision);
  }
  /** Of one member's data file, a while ago. */
  size(): number {
    const now = this.parts.clock.monotonic();
    if (now >= this.measured.until && !this.closed) {
      this.measured.until = now + SIZE_MS;
      const measure = async () => {
        const { value } = await this.call(calls.status, {}, true);
        this.measured.bytes = value.dbSize;
      };
      measure().catch(() => undefined);
    }
    return this.measured.bytes;
  }
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const watch of [...this.watches]) watch.end();
    this.feed.close();
    this.watchers.close();
    this.port.close();
  }

  private open(): void {
    if (this.closed) throw new StoreClosed("the store is closed");
  }
  private seen(revision: Revision): void {
    if (revision > this.revision) this.revision = revision;
    this.feed.expect(revision);
  }
  private async read(request: Input<typeof RangeRequest>) {
    return (await this.call(calls.range, request, true)).value;
  }
  /** Turns etcd's refusals into the store's errors, and learns the revision from every answer. */
  private async call<I extends AnyMessage, O extends AnyMessage>(
    method: Method<I, O>,
    input: Input<I>,
    repeatable: boolean,
  ): Promise<Answered<Value<O>>> {
    this.open();
    try {
      const answered = await this.port.call(method, input, { repeatable });
      this.seen((answered.value as { header?: { revision: number } }).header?.revision ?? 0);
      return answered;
    } catch (error) {
      this.open();
      if (error instanceof Unanswered && !error.refused) throw new OutcomeUnknown(error.message);
      const told = await this.told(error);
      if (error instanceof Refused && error.doubtful && told instanceof Error) doubts.add(told);
      throw told;
    }
  }
  private async told(error: unknown): Promise<unknown> {
    if (!(error instanceof Refused)) return error;
    if (error.message === FUTURE) return new FutureRevision(this.revision);
    if (error.message !== COMPACTED) return errorOf(error);
    this.feed.compacted = Math.max(this.feed.compacted, await compactedOf(this.port, Number.MAX_SAFE_INTEGER));
    return new Compacted(this.feed.compacted);
  }
  /** What became of an attempt whose answer was lost, when the last one found its compare to hold no more. */
  private async carriedOut(fence: Fence, then: readonly Op[], before: Revision, until: Revision): Promise<TxnResult | undefined> {
    const read: ReadAt = async (key, to, revision) => (await this.range(key, to, { revision })).entries;
    try {
      for await (const { events } of this.feed.past(before, until, fence.key, `${fence.key}\0`)) {
        for (const event of events) {
          if (!(await isTrace(event, fence, then, read))) continue;
          const revision = event.entry.modRevision;
          return { succeeded: true, revision, results: await resultsAt(then, revision, read) };
        }
      }
      return undefined;
    } catch (error) {
      throw error instanceof Compacted ? new OutcomeUnknown("the answer was lost, and its revision compacted") : error;
    }
  }
}
const doubts = new WeakSet<Error>();
const isDoubtful = (error: Error) => doubts.has(error);

/** What etcd itself does not mind, or would only tell after the way there. */
function check(ops: readonly Op[]): void {
  if (ops.length > limits.txnOperations) throw new InvalidTxn("etcdserver: too many operations in txn request");
  for (const op of ops)
    if (op.op === "put" && op.key.length > limits.storeKey) throw new InvalidTxn(`a key of ${op.key.length} bytes is too long`);
}
