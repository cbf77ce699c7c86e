/** Keeps a view's contents up to date: WatchList where the server has it, else list and watch; again from a list when history is lost. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { freeze } from "#base/plain.ts";
import { reasonOf, StatusError } from "#base/status.ts";
import type { Client, ListOptions, WatchEvent } from "#client/client.ts";
import { type Contents, revisionOf } from "#client/view.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";

export interface Feeding<T extends KubeObject> {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly kind: Kind<T>;
  readonly contents: Contents<T>;
  readonly scope: Pick<ListOptions, "namespace" | "fieldSelector" | "metadataOnly">;
  readonly signal: AbortSignal;
}
export interface Feed {
  readonly synced: boolean;
  readonly ready: Promise<void>;
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
/** Milliseconds between tries while the server is away. */
const BACKOFF = { first: 50, most: 10_000 };

/** Starts feeding; ends with the signal. Never rejects: what goes wrong is logged and tried again. */
export function feed<T extends KubeObject>(parts: Feeding<T>): Feed {
  const { client, clock, log, kind, contents, scope, signal } = parts;
  const first = Promise.withResolvers<void>();
  const state = { synced: false, ready: first.promise };
  const trimmed = trimmer(kind, scope.metadataOnly);
  let watchList = true;
  /** Where the next watch goes on from; empty: everything is to be read anew. */
  let revision = "";
  let failures = 0;

  const arrived = () => {
    failures = 0;
    state.synced = true;
    first.resolve();
  };
  async function round(): Promise<void> {
    const initialEvents = revision === "" && watchList;
    if (revision === "" && !watchList) {
      const list = await client.list(kind, scope);
      contents.replace(list.items.map(trimmed), revisionOf(list));
      revision = list.metadata.resourceVersion;
      arrived();
    }
    const initial: T[] = [];
    let listing = initialEvents;
    const from = revision === "" ? {} : { resourceVersion: revision };
    const take = (event: WatchEvent<T>): void => {
      if (event.type === "ERROR") throw new StatusError(event.status);
      const object = event.object;
      if (event.type === "BOOKMARK") {
        if (listing && object.metadata.annotations?.[INITIAL_EVENTS_END] === "true") {
          contents.replace(initial.splice(0), revisionOf(object));
          listing = false;
          arrived();
        }
        contents.passed(revisionOf(object));
      } else if (listing) {
        initial.push(trimmed(object));
        return;
      } else if (event.type === "DELETED") contents.drop(trimmed(object));
      else contents.put(trimmed(object));
      failures = 0;
      if (!listing) revision = object.metadata.resourceVersion ?? revision;
    };
    for await (const batch of client.watchBatches(kind, { ...scope, ...from, initialEvents, bookmarks: true, signal }))
      for (const event of batch) {
        if (signal.aborted) return;
        take(event);
      }
  }
  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        if (reason === "Expired" || reason === "Gone") {
          // the server is there: no reason to wait, except when it has just been read anew
          const isStale = revision !== "";
          revision = "";
          if (isStale) continue;
        } else if (watchList && revision === "" && (reason === "Invalid" || reason === "BadRequest")) {
          watchList = false;
          continue;
        } else log.warn("a watch failed; it is tried again", { kind: kind.kind, error: String(error) });
      }
      // a watch that ends by itself is opened again at once, unless it does so repeatedly without having brought anything
      if (failures++ > 0) {
        const wait = Math.min(BACKOFF.most, BACKOFF.first * 2 ** Math.min(failures - 2, 10));
        await clock.sleep(wait, signal).catch(() => undefined);
      }
    }
  }
  run().catch(error => log.error("a view has ended", { kind: kind.kind, error: String(error) }));
  return state;
}

/** What a view keeps of an object, frozen: not the record of managers, which no loop reads and which makes up a third of it. */
export function trimmer<T extends KubeObject>(kind: Kind<T>, metadataOnly = false): (object: T) => T {
  const apiVersion = apiVersionOf(kind);
  return object => {
    const given = object.metadata as Fields;
    const metadata: Fields = {};
    for (const field in given) if (field !== "managedFields") metadata[field] = freeze(given[field]);
    const kept: Fields = { apiVersion, kind: kind.kind, metadata: Object.freeze(metadata) };
    if (!metadataOnly)
      for (const field in object)
        if (field !== "apiVersion" && field !== "kind" && field !== "metadata") kept[field] = freeze(object[field]);
    return Object.freeze(kept) as unknown as T;
  };
}
type Fields = Record<string, unknown>;
