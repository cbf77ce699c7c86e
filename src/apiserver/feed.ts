/**
 * The one watch on the store that all of the apiserver lives on: the live objects and every client's watch. An event is parsed and encoded
 * at most once for all who want it in the same form.
 */

import { ROOT } from "#apiserver/keys.ts";
import type { Parsed } from "#apiserver/parsed.ts";
import { objectOf } from "#apiserver/record.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { freeze } from "#base/plain.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Key, prefixEnd, type Revision, type Store, type StoreEvent, type Watch } from "#store/contract.ts";

/** A change of one object. */
export class Change {
  readonly key: Key;
  readonly revision: Revision;
  /** The record after the change; undefined: deleted. */
  readonly record: Uint8Array | undefined;
  readonly previous: { readonly record: Uint8Array; readonly revision: Revision } | undefined;
  private made: Map<string, unknown> | undefined;
  private readonly parsed: Parsed;
  constructor(event: StoreEvent, parsed: Parsed) {
    this.parsed = parsed;
    this.key = event.entry.key;
    this.revision = event.entry.modRevision;
    this.record = event.type === "put" ? event.entry.value : undefined;
    this.previous = event.previous && { record: event.previous.value, revision: event.previous.modRevision };
  }
  /** The object after the change, parsed once and frozen. */
  object(kind: Kind): AnyObject | undefined {
    const { record, key, revision } = this;
    const read = () => this.parsed.get(kind, key, revision, record!) ?? freeze(objectOf(kind, record!, revision) as AnyObject);
    return record && this.once(`new ${kind.group}/${kind.version}`, read);
  }
  /** The object before it, with the change's revision: what a DELETED event shows. */
  old(kind: Kind): AnyObject | undefined {
    const { previous, key, revision } = this;
    const read = () => {
      const known = this.parsed.get(kind, key, previous!.revision, previous!.record);
      if (!known) return freeze(objectOf(kind, previous!.record, revision) as AnyObject);
      return freeze({ ...known, metadata: { ...known.metadata, resourceVersion: String(revision) } });
    };
    return previous && this.once(`old ${kind.group}/${kind.version}`, read);
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

export class Feed {
  /** All changes up to here have been handed out. */
  position: Revision = 0;
  private readonly store: Store;
  private readonly log: Log;
  private readonly folders: ReadonlySet<string>;
  private readonly parsed: Parsed;
  private readonly subscribers = new Map<string, Set<Subscriber>>();
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
    this.folders = new Set(kinds.map(k => k.storedAt));
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
    const set = this.subscribers.get(folder) ?? new Set();
    this.subscribers.set(folder, set.add(subscriber));
    return () => set.delete(subscriber);
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
      const subscribers = this.subscribers.get(this.folderOf(event.entry.key) ?? "");
      if (!subscribers?.size) continue;
      const change = new Change(event, this.parsed);
      for (const subscriber of subscribers) subscriber(change);
    }
    for (const { type, entry } of events) if (type === "delete") this.parsed.gone(entry.key, entry.modRevision);
  }
  /** `pods` of `/registry/pods/…`, `services/specs` of `/registry/services/specs/…`. */
  private folderOf(key: Key): string | undefined {
    const one = key.indexOf("/", ROOT.length);
    const first = key.slice(ROOT.length, one);
    if (this.folders.has(first)) return first;
    const two = key.indexOf("/", one + 1);
    const both = key.slice(ROOT.length, two);
    return this.folders.has(both) ? both : undefined;
  }
}
function sizeOf(events: readonly StoreEvent[]): number {
  let bytes = 0;
  for (const { entry } of events) bytes += entry.key.length + entry.value.length;
  return bytes;
}
