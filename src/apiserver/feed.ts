/**
 * The one watch on the store that all of the apiserver lives on: the live objects and every client's watch. An event is parsed and encoded
 * at most once for all who want it in the same form.
 */

import { prefixOf, ROOT } from "#apiserver/keys.ts";
import type { Parsed } from "#apiserver/parsed.ts";
import { objectOf } from "#apiserver/record.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { freeze } from "#base/plain.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Entry, type Key, prefixEnd, type Revision, type Store, type StoreEvent, type Watch } from "#store/contract.ts";

/** A change of one object. */
export class Change {
  private readonly event: StoreEvent;
  private readonly parsed: Parsed;
  /** The kind that was asked for first, mostly the only one, and its objects after the change and before it. */
  private kind: Kind | undefined;
  private is: AnyObject | undefined;
  private was: AnyObject | undefined;
  private made: Map<string, unknown> | undefined;
  constructor(event: StoreEvent, parsed: Parsed) {
    this.event = event;
    this.parsed = parsed;
  }
  get key(): Key {
    return this.event.entry.key;
  }
  get revision(): Revision {
    return this.event.entry.modRevision;
  }
  /** The record after the change; undefined: deleted. */
  get record(): Uint8Array | undefined {
    return this.event.type === "put" ? this.event.entry.value : undefined;
  }
  /** What stood before the change. */
  get previous(): Entry | undefined {
    return this.event.previous;
  }
  /** The object after the change, parsed once and frozen. */
  object(kind: Kind): AnyObject | undefined {
    const { record } = this;
    if (!record) return undefined;
    this.kind ??= kind;
    if (kind !== this.kind) return this.once(`new ${kind.group}/${kind.version}`, () => this.read(kind, record));
    this.is ??= this.read(kind, record);
    return this.is;
  }
  /** The object before it, with the change's revision: what a DELETED event shows. */
  old(kind: Kind): AnyObject | undefined {
    const { previous } = this;
    if (!previous) return undefined;
    this.kind ??= kind;
    if (kind !== this.kind) return this.once(`old ${kind.group}/${kind.version}`, () => this.readOld(kind, previous));
    this.was ??= this.readOld(kind, previous);
    return this.was;
  }
  private read(kind: Kind, record: Uint8Array): AnyObject {
    const { key, revision } = this;
    return this.parsed.get(kind, key, revision, record) ?? freeze(objectOf(kind, record, revision) as AnyObject);
  }
  private readOld(kind: Kind, { value, modRevision }: Entry): AnyObject {
    const { key, revision } = this;
    const known = this.parsed.get(kind, key, modRevision, value);
    if (!known) return freeze(objectOf(kind, value, revision) as AnyObject);
    return freeze({ ...known, metadata: { ...known.metadata, resourceVersion: String(revision) } });
  }
  /** What `make` gives, made once for each name. */
  once<T>(name: string, make: () => T): T {
    this.made ??= new Map();
    let found = this.made.get(name) as T | undefined;
    if (found === undefined) {
      found = make();
      this.made.set(name, found);
    }
    return found;
  }
}

const RETRY_MS = 1_000;
/** For how long anyone waits for the feed to come to a revision. */
const PATIENCE_MS = 5_000;
export type Subscriber = (change: Change) => void;
/** A folder's keys begin with `prefix`. */
interface Folder {
  readonly prefix: Key;
  readonly subscribers: Set<Subscriber>;
}

export class Feed {
  /** All changes up to here have been handed out. */
  position: Revision = 0;
  private readonly store: Store;
  private readonly log: Log;
  /** By their names: `pods` of `/registry/pods/…`, `services/specs` of `/registry/services/specs/…`. */
  private readonly folders: ReadonlyMap<string, Folder>;
  /** The one of the last change, which is mostly the next one's, too. */
  private latest: Folder | undefined;
  private readonly parsed: Parsed;
  private readonly stop = new AbortController();
  private readonly clock: Clock;
  private recover: () => Promise<Revision> = async () => this.store.revision;
  private timer: Cancel | undefined;
  private watch: Watch | undefined;
  private readonly waiting = new Set<{ readonly revision: Revision; readonly resolve: () => void }>();
  private readonly moved: (bytes: number) => void;

  /** `moved` is called after each batch of changes, with the bytes that they put. */
  constructor(store: Store, kinds: readonly Kind[], parsed: Parsed, clock: Clock, log: Log, moved: (bytes: number) => void) {
    this.parsed = parsed;
    this.clock = clock;
    this.moved = moved;
    this.store = store;
    this.log = log;
    this.folders = new Map(kinds.map(k => [k.storedAt, { prefix: prefixOf(k), subscribers: new Set() }]));
  }
  /**
   * Begins after `revision`. When the store's watch breaks off, `recover` ends what hangs on it, reads anew, and says from where to go on.
   */
  start(revision: Revision, recover: () => Promise<Revision>): void {
    this.position = revision;
    this.recover = recover;
    void this.run(revision);
  }
  /** Calls back with each change in a kind's folder from `position` on; the result ends it. */
  subscribe(folder: string, subscriber: Subscriber): () => void {
    const { subscribers } = this.folders.get(folder)!;
    subscribers.add(subscriber);
    return () => subscribers.delete(subscriber);
  }
  /** Resolves when all changes up to `revision` have been handed out; or after a while, when the store's watch does not get there. */
  async reached(revision: Revision): Promise<void> {
    if (this.position >= revision || this.stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.clock.after(PATIENCE_MS, resolve);
    const waiter = { revision, resolve };
    this.waiting.add(waiter);
    this.watch?.progress();
    await promise;
    cancel();
    this.waiting.delete(waiter);
  }
  close(): void {
    this.stop.abort();
    this.timer?.();
    for (const { resolve } of this.waiting) resolve();
  }

  private async run(after: Revision): Promise<void> {
    try {
      this.watch = this.store.watch(ROOT, prefixEnd(ROOT), { after, previous: true, signal: this.stop.signal });
      for await (const batch of this.watch) {
        this.hand(batch.events);
        this.moveTo(batch.revision);
        if (batch.events.length > 0) this.moved(sizeOf(batch.events));
      }
    } catch (error) {
      if (!this.stop.signal.aborted) this.log.error("the watch on the store broke off", { error: String(error) });
    }
    if (!this.stop.signal.aborted) this.timer = this.clock.after(RETRY_MS, () => void this.again());
  }
  /** Begins anew after the store's watch broke off: what was missed is not known, so all is read again. */
  private async again(): Promise<void> {
    try {
      const revision = await this.recover();
      if (this.stop.signal.aborted) return;
      this.moveTo(revision);
      void this.run(revision);
    } catch (error) {
      this.log.error("the store could not be read again", { error: String(error) });
      if (!this.stop.signal.aborted) this.timer = this.clock.after(RETRY_MS, () => void this.again());
    }
  }
  private moveTo(revision: Revision): void {
    if (revision > this.position) this.position = revision;
    for (const { revision: awaited, resolve } of this.waiting) if (awaited <= this.position) resolve();
  }
  private hand(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const { key } = event.entry;
      if (!this.latest || !key.startsWith(this.latest.prefix)) this.latest = this.folderOf(key);
      if (!this.latest?.subscribers.size) continue;
      const change = new Change(event, this.parsed);
      for (const subscriber of this.latest.subscribers) subscriber(change);
    }
    for (const { type, entry } of events) if (type === "delete") this.parsed.gone(entry.key, entry.modRevision);
  }
  private folderOf(key: Key): Folder | undefined {
    const one = key.indexOf("/", ROOT.length);
    const two = key.indexOf("/", one + 1);
    return this.folders.get(key.slice(ROOT.length, one)) ?? this.folders.get(key.slice(ROOT.length, two));
  }
}
function sizeOf(events: readonly StoreEvent[]): number {
  let bytes = 0;
  for (const { entry } of events) bytes += entry.key.length + entry.value.length;
  return bytes;
}
