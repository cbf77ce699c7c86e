/** A store whose values of some folders are sealed: above it they are plain, below it nobody reads them. Other folders pass through. */
import { ROOT } from "#apiserver/keys.ts";
import type { Opened, Transformer } from "#apiserver/sealing/transformer.ts";
import { assert } from "#base/assert.ts";
import {
  type Batch,
  type Compare,
  type Entry,
  type Key,
  type Lease,
  type LeaseId,
  type LeaseState,
  type Op,
  type OpResult,
  prefixEnd,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type Store,
  type StoreEvent,
  type TxnResult,
  type Watch,
  type WatchOptions,
  withValue,
} from "#store/contract.ts";

/** By folder below /registry/: "secrets", "services/specs". */
export type Transformers = ReadonlyMap<string, Transformer>;

export class SealedStore implements Store {
  private readonly inner: Store;
  private transformers: Transformers = new Map();
  /** Of entries that were read: those whose value should be written anew. */
  private readonly stale = new WeakSet<Entry>();
  /** How often such a value was met. */
  staleSeen = 0;

  constructor(inner: Store, transformers: Transformers) {
    this.inner = inner;
    this.use(transformers);
  }
  /** From now on values are sealed and opened by these. */
  use(transformers: Transformers): void {
    this.transformers = transformers;
  }
  isStale(entry: Entry): boolean {
    return this.stale.has(entry);
  }

  get revision(): Revision {
    return this.inner.revision;
  }
  get compacted(): Revision {
    return this.inner.compacted;
  }
  async get(key: Key, revision?: Revision): Promise<Entry | undefined> {
    const entry = await this.inner.get(key, revision);
    return entry && this.opened(entry);
  }
  async range(from: Key, to: Key, options?: RangeOptions): Promise<RangeResult> {
    const read = await this.inner.range(from, to, options);
    return this.touches(from, to) ? { ...read, entries: read.entries.map(e => this.opened(e)) } : read;
  }
  scan(from: Key, to: Key, options?: RangeOptions): AsyncIterable<readonly Entry[]> {
    const batches = this.inner.scan(from, to, options);
    return this.touches(from, to) ? this.openedBatches(batches) : batches;
  }
  async txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Promise<TxnResult> {
    for (const c of compare) assert(c.target !== "value" || !this.transformerOf(c.key), "what a sealed value says cannot be compared");
    const result = await this.inner.txn(
      compare,
      then.map(op => this.sealed(op)),
      otherwise.map(op => this.sealed(op)),
    );
    return { ...result, results: result.results.map(r => this.openedResult(r)) };
  }
  watch(from: Key, to: Key, options?: WatchOptions): Watch {
    const watch = this.inner.watch(from, to, options);
    if (!this.touches(from, to)) return watch;
    const open = (batch: Batch) => this.openedEvents(batch);
    return {
      progress: () => watch.progress(),
      async *[Symbol.asyncIterator]() {
        for await (const batch of watch) yield open(batch);
      },
    };
  }
  grant(ttl: number, id?: LeaseId): Promise<Lease> {
    return this.inner.grant(ttl, id);
  }
  keepAlive(id: LeaseId): Promise<Lease> {
    return this.inner.keepAlive(id);
  }
  revoke(id: LeaseId): Promise<void> {
    return this.inner.revoke(id);
  }
  leases(): Promise<readonly LeaseId[]> {
    return this.inner.leases();
  }
  timeToLive(id: LeaseId): Promise<LeaseState> {
    return this.inner.timeToLive(id);
  }
  compact(revision: Revision): Promise<void> {
    return this.inner.compact(revision);
  }
  size(): number {
    return this.inner.size();
  }
  close(): Promise<void> {
    return this.inner.close();
  }

  private transformerOf(key: Key): Transformer | undefined {
    if (!key.startsWith(ROOT)) return undefined;
    const one = key.indexOf("/", ROOT.length);
    if (one < 0) return undefined;
    const found = this.transformers.get(key.slice(ROOT.length, one));
    if (found) return found;
    const two = key.indexOf("/", one + 1);
    return two < 0 ? undefined : this.transformers.get(key.slice(ROOT.length, two));
  }
  private touches(from: Key, to: Key): boolean {
    for (const folder of this.transformers.keys()) {
      const start = `${ROOT}${folder}/`;
      if (from < prefixEnd(start) && start < to) return true;
    }
    return false;
  }
  /** Throws upstream's sentence when no key opens it. */
  private opened(entry: Entry): Entry {
    const transformer = this.transformerOf(entry.key);
    // A value that was not asked for (keysOnly) is empty; a sealed one never is.
    if (!transformer || entry.value.length === 0) return entry;
    let found: Opened;
    try {
      found = transformer.open(entry.value, entry.key);
    } catch (error) {
      throw new Error(`unable to transform key ${JSON.stringify(entry.key)}: ${(error as Error).message}`);
    }
    const plain = withValue(entry, found.plain);
    if (found.stale) {
      this.stale.add(plain);
      this.staleSeen++;
    }
    return plain;
  }
  private sealed(op: Op): Op {
    if (op.op === "txn")
      return { ...op, success: op.success.map(o => this.sealed(o)), ...(op.failure && { failure: op.failure.map(o => this.sealed(o)) }) };
    const transformer = op.op === "put" && !op.ignoreValue ? this.transformerOf(op.key) : undefined;
    return op.op === "put" && transformer ? { ...op, value: transformer.seal(op.value, op.key) } : op;
  }
  private openedResult(result: OpResult): OpResult {
    if (result.op === "txn") return { ...result, results: result.results.map(r => this.openedResult(r)) };
    if (result.op === "get") return { ...result, entries: result.entries.map(e => this.opened(e)) };
    if (result.op === "put") return result.previous ? { ...result, previous: this.opened(result.previous) } : result;
    return result.previous ? { ...result, previous: result.previous.map(e => this.opened(e)) } : result;
  }
  private openedEvents(batch: Batch): Batch {
    const events = batch.events.map((event): StoreEvent => {
      if (!this.transformerOf(event.entry.key)) return event;
      const { type, entry, previous } = event;
      return { type, entry: type === "put" ? this.opened(entry) : entry, ...(previous && { previous: this.opened(previous) }) };
    });
    return { revision: batch.revision, events };
  }
  private async *openedBatches(batches: AsyncIterable<readonly Entry[]>): AsyncGenerator<readonly Entry[], undefined> {
    for await (const entries of batches) yield entries.map(e => this.opened(e));
  }
}
