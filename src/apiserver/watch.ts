/** WATCH: initial objects where they are asked for, then changes from the feed; one event is encoded once for all who want it alike. */

import { writeJson } from "#apiserver/codec.ts";
import { Change, type Feed } from "#apiserver/feed.ts";
import { toProtobuf } from "#apiserver/formats.ts";
import { objectKey, prefixOf, rangeOf } from "#apiserver/keys.ts";
import { walk } from "#apiserver/list.ts";
import { type ListQuery, tooLargeVersion } from "#apiserver/listoptions.ts";
import { CONTENT_TYPE, type Form } from "#apiserver/negotiate.ts";
import { Outbox } from "#apiserver/outbox.ts";
import { servedParts } from "#apiserver/record.ts";
import type { AnyObject, RegistryOptions, Stored } from "#apiserver/registry.ts";
import type { Choice } from "#apiserver/select.ts";
import { type Include, partialOf, rowOf, tableOf } from "#apiserver/table.ts";
import { concat, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Cancel } from "#base/clock.ts";
import type { HttpResponse, ValueEvent } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { freeze } from "#base/plain.ts";
import { expired, type Status } from "#base/status.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { watchFrame } from "#schema/protobuf.ts";
import { Compacted, type Key, type Revision } from "#store/contract.ts";

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
/** Watches without timeoutSeconds end after half an hour to an hour, as upstream's --min-request-timeout has it. */
const MIN_TIMEOUT_MS = 1800_000;
const BOOKMARK_MS = 60_000;
/** The last bookmark comes this long before the end, so that the client starts anew from near it. */
const LAST_BOOKMARK_MS = 2_000;
/** What a bookmark or an error counts as. */
const SMALL = 512;
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

export interface WatchRequest {
  readonly kind: Kind;
  readonly namespace: string;
  readonly query: ListQuery;
  readonly choice: Choice;
  readonly form: Form;
  readonly include: Include;
  readonly signal: AbortSignal | undefined;
}
/** All open watches; closed together when the server goes. */
export class Watches {
  private readonly open = new Set<Watcher>();
  get count(): number {
    return this.open.size;
  }
  add(w: Watcher): void {
    this.open.add(w);
  }
  delete(w: Watcher): void {
    this.open.delete(w);
  }
  /** Ends every watch; clients start them anew elsewhere, or later. */
  close(): void {
    for (const w of [...this.open]) w.end();
  }
}

/** Answers a WATCH. What is wrong with its revision is said by an ERROR event, as upstream does. */
export async function watch(options: RegistryOptions & { feed: Feed; watches: Watches }, request: WatchRequest): Promise<HttpResponse> {
  const { query } = request;
  const watcher = new Watcher(options, request);
  const type = request.form.media === "protobuf" ? `${CONTENT_TYPE.protobuf};stream=watch` : CONTENT_TYPE[request.form.media];
  const initial = query.sendInitialEvents ?? !query.resourceVersion;
  const asked = query.resourceVersion ?? 0;
  if (initial && asked > options.store.revision) throw tooLargeVersion(asked, options.store.revision);
  watcher.start(initial, initial || asked === 0 ? undefined : asked);
  const headers = { "content-type": type, "cache-control": "no-cache, private" };
  if (request.form.asValue) return { status: 200, headers, events: watcher.outbox as AsyncIterable<readonly ValueEvent[]> };
  return { status: 200, headers, body: joined(watcher.outbox as AsyncIterable<readonly Uint8Array[]>) };
}

async function* joined(batches: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield batch.length === 1 ? batch[0]! : concat(batch);
}

/** What an event is sent as: the bytes of a line or of a protobuf frame; or itself, and what it is counted as. */
type Frame = Uint8Array | { readonly event: ValueEvent; readonly bytes: number };

class Watcher {
  readonly outbox: Outbox<Uint8Array | ValueEvent>;
  private readonly options: RegistryOptions & { feed: Feed; watches: Watches };
  private readonly request: WatchRequest;
  private readonly timers: Cancel[] = [];
  private unsubscribe: () => void = () => {};
  /** Changes that the feed brought while older ones are still being read. */
  private early: Change[] | undefined = [];
  /** Nothing at or below this is sent. */
  private after: Revision = 0;
  private headerSent = false;
  private readonly prefix: Key;
  /** The only key that can be asked for, where there is one. */
  private readonly key: Key | undefined;
  /** What events in this form are called among the frames of a change. */
  private readonly ids: Readonly<Record<EventType, string>>;

  constructor(options: RegistryOptions & { feed: Feed; watches: Watches }, request: WatchRequest) {
    this.options = options;
    this.request = request;
    const { kind, namespace, form, choice } = request;
    this.prefix = prefixOf(kind, namespace);
    if (choice.name !== undefined && (namespace || !kind.namespaced)) this.key = objectKey(kind, namespace, choice.name);
    const id = (type: EventType) => `${type} ${kind.group}/${kind.version} ${form.media} ${form.asValue} ${form.as} ${form.version}`;
    this.ids = { ADDED: id("ADDED"), MODIFIED: id("MODIFIED"), DELETED: id("DELETED"), BOOKMARK: id("BOOKMARK") };
    this.outbox = new Outbox(limits.watchBuffer, () => this.stop());
  }

  start(initial: boolean, after: Revision | undefined): void {
    const { options, request } = this;
    options.watches.add(this);
    request.signal?.addEventListener("abort", () => this.end(), { once: true });
    if (request.signal?.aborted) {
      this.end();
      return;
    }
    this.arm();
    const begin = initial ? this.sendInitial() : this.catchUp(after ?? options.store.revision);
    begin.catch(error => this.fail(error));
  }
  end(): void {
    this.outbox.end();
    this.stop();
  }
  private stop(): void {
    this.unsubscribe();
    for (const cancel of this.timers) cancel();
    this.timers.length = 0;
    this.options.watches.delete(this);
  }

  private send(frame: Frame): void {
    if (frame instanceof Uint8Array) this.outbox.push(frame, frame.length);
    else this.outbox.push(frame.event, frame.bytes);
  }

  private arm(): void {
    const { clock, chance } = this.options;
    const { timeoutSeconds, bookmarks } = this.request.query;
    const length = timeoutSeconds ? timeoutSeconds * 1000 : MIN_TIMEOUT_MS * (1 + (chance as Chance).next());
    this.timers.push(clock.after(length, () => this.end()));
    if (!bookmarks) return;
    if (length > LAST_BOOKMARK_MS) this.timers.push(clock.after(length - LAST_BOOKMARK_MS, () => this.bookmark()));
    const slot = this.timers.length;
    const again = () => {
      this.bookmark();
      this.timers[slot] = clock.after(BOOKMARK_MS, again);
    };
    this.timers.push(clock.after(BOOKMARK_MS, again));
  }

  /** What stands now, as ADDED, no faster than it is read; then what has changed since it was listed. */
  private async sendInitial(): Promise<void> {
    const { options, request } = this;
    const at = { ...request.query, limit: 0, continue: "", match: "", resourceVersion: undefined };
    const steps = walk(options, request.kind, request.namespace, at, request.choice);
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      for (const s of step.value) {
        this.send(this.initialFrame(s));
        if (this.outbox.crowded) await this.outbox.drained();
      }
      await this.outbox.drained();
      if (this.outbox.ended) return;
    }
    const { revision } = step.value;
    if (request.query.sendInitialEvents && request.query.bookmarks) this.send(this.bookmarkFrame(revision, true));
    await this.catchUp(revision);
  }
  /** Changes after a revision that the feed has already passed, read from the store's own history. */
  private async catchUp(after: Revision): Promise<void> {
    const { options, request } = this;
    if (this.outbox.ended) return;
    this.after = after;
    this.unsubscribe = options.feed.subscribe(request.kind.storedAt, c => this.receive(c));
    const { horizon } = options.journal;
    if (after + 1 < horizon) throw new Compacted(horizon);
    const until = options.feed.position;
    if (after < until) {
      const { from, to } = rangeOf(request.kind, request.namespace);
      const history = options.store.watch(from, to, { after, previous: true });
      history.progress();
      for await (const batch of history) {
        for (const event of batch.events) if (event.entry.modRevision <= until) this.change(new Change(event, options.parsed));
        if (batch.revision >= until) break;
      }
    }
    this.goLive();
  }
  private goLive(): void {
    const early = this.early ?? [];
    this.early = undefined;
    for (const c of early) this.change(c);
  }
  private receive(c: Change): void {
    if (this.early) this.early.push(c);
    else this.change(c);
  }
  private fail(error: unknown): void {
    const gone = error instanceof Compacted ? expired(`too old resource version: ${this.after} (${error.compacted})`).status : undefined;
    if (gone) this.send(this.errorFrame(gone));
    else if (!this.outbox.ended) this.options.log?.error("a watch failed", { error: String(error) });
    this.end();
  }

  private change(c: Change): void {
    if (c.revision <= this.after || this.outbox.ended) return;
    if (this.key === undefined ? !c.key.startsWith(this.prefix) : c.key !== this.key) return;
    this.after = c.revision;
    const { kind, choice } = this.request;
    const was = c.previous !== undefined && (choice.all || choice.matches(c.old(kind)!));
    const is = c.record !== undefined && (choice.all || choice.matches(c.object(kind)!));
    if (!was && !is) return;
    this.sendChange(is ? (was ? "MODIFIED" : "ADDED") : "DELETED", c);
  }
  private sendChange(type: EventType, c: Change): void {
    const { kind, form } = this.request;
    const gone = type === "DELETED";
    const record = gone ? c.previous!.value : c.record!;
    // a value is shared as it is
    if (form.asValue && !form.as) this.outbox.push({ type, object: gone ? c.old(kind)! : c.object(kind)! }, record.length);
    else this.sendFrame(type, c, record);
  }
  private sendFrame(type: EventType, c: Change, record: Uint8Array): void {
    const { kind, form } = this.request;
    const object = () => (type === "DELETED" ? c.old(kind)! : c.object(kind)!);
    if (form.as === "Table") this.send(this.frame(type, object(), record.length));
    else if (form.media === "json" && !form.as)
      this.send(c.once(this.ids[type], () => jsonFrame(type, servedParts(kind, record, c.revision))));
    else this.send(c.once(this.ids[type], () => this.frame(type, object(), record.length)));
  }
  /** A stored record is parsed only where its bytes cannot be served as they lie. */
  private initialFrame(stored: Stored): Frame {
    const { form, kind } = this.request;
    if (form.media === "json" && !form.as && !form.asValue) return jsonFrame("ADDED", servedParts(kind, stored.record, stored.revision));
    return this.frame("ADDED", stored.object, stored.record.length);
  }
  private frame(type: EventType, object: AnyObject, bytes: number): Frame {
    return this.encoded(type, this.shape(object, this.request.include), bytes);
  }
  private shape(object: AnyObject, include: Include): object {
    const { form, kind } = this.request;
    if (!form.as) return object;
    if (form.as !== "Table") return partialOf(object, form.version);
    const row = rowOf(kind, object, include, form.version, this.options.clock.now());
    const table = tableOf(kind, form.version, { resourceVersion: object.metadata.resourceVersion }, [row], !this.headerSent);
    this.headerSent = true;
    return table;
  }
  /** `bytes`: about as many as the object is long. */
  private encoded(type: string, object: object, bytes = SMALL): Frame {
    const { form, kind } = this.request;
    if (form.asValue) return { event: { type, object: freeze(object) }, bytes };
    if (form.media === "protobuf") return watchFrame(type, toProtobuf(kind, object));
    return utf8(`{"type":"${type}","object":${writeJson(object)}}\n`);
  }

  private bookmark(): void {
    // Before the initial events are out there is nothing that a client could go on from.
    if (this.early || this.outbox.ended) return;
    this.send(this.bookmarkFrame(Math.max(this.after, this.options.feed.position), false));
  }
  private bookmarkFrame(revision: Revision, initialEnd: boolean): Frame {
    const { kind, form } = this.request;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEnd && { annotations: { [INITIAL_EVENTS_END]: "true" } }),
    };
    if (form.as === "Table") return this.encoded("BOOKMARK", tableOf(kind, form.version, metadata, [], false));
    const object = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } as unknown as AnyObject;
    return this.encoded("BOOKMARK", form.as ? partialOf(object, form.version) : object);
  }
  private errorFrame(status: Status): Frame {
    return this.encoded("ERROR", status);
  }
}

function jsonFrame(type: EventType, parts: readonly Uint8Array[]): Uint8Array {
  return concat([HEADS[type], ...parts, TAIL]);
}
const head = (type: EventType) => utf8(`{"type":"${type}","object":`);
const HEADS: Readonly<Record<EventType, Uint8Array>> = {
  ADDED: head("ADDED"),
  MODIFIED: head("MODIFIED"),
  DELETED: head("DELETED"),
  BOOKMARK: head("BOOKMARK"),
};
const TAIL = utf8("}\n");
