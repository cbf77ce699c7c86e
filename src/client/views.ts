/** Views: shared, frozen, indexed copies of kinds, fed by list and watch. One set of them serves all loops of an identity. */

import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { feed, trimmer } from "#client/feed.ts";
import { Contents, revisionOf, type View } from "#client/view.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

export interface ViewOptions {
  /** Narrows the view on the server, e.g. to a node's own pods. */
  readonly fieldSelector?: string;
  readonly namespace?: string;
}
export interface ViewsParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
}
export interface Views {
  /** The view of a kind; the first call starts its watch. */
  of<T extends KubeObject>(kind: Kind<T>, options?: ViewOptions): View<T>;
  /** For who needs metadata only: the whole kind's view where there is one already, else one that keeps no more than metadata. */
  metadata<T extends KubeObject>(kind: Kind<T>): View<T>;
  /** Tells every view of the kind of an own write that the server acknowledged. */
  wrote<T extends KubeObject>(kind: Kind<T>, object: T): void;
  /** Tells of an own deletion after which the object is gone. */
  deleted(kind: Kind, uid: string, name: string, namespace?: string): void;
  /** After an unknown outcome: lists live what there are views of, and takes the answer over. */
  readLive(kind: Kind, namespace?: string): Promise<void>;
  /** Ends all watches; what the views hold stays as it is. */
  stop(): void;
}

type Scope = ViewOptions & { readonly metadataOnly?: boolean };
interface Fed {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly contents: Contents<KubeObject>;
  readonly view: View<KubeObject>;
}

export function createViews(parts: ViewsParts): Views {
  const all = new Map<string, Fed>();
  /** Whole kinds by themselves: loops ask for these all the time. */
  const wholes = new WeakMap<object, unknown>();
  const ending = new AbortController();

  function view<T extends KubeObject>(kind: Kind<T>, scope: Scope): View<T> {
    const id = [kind.group, kind.version, kind.plural, scope.namespace, scope.fieldSelector, scope.metadataOnly].join("|");
    const known = all.get(id);
    if (known) return known.view as unknown as View<T>;
    const contents = new Contents<T>();
    const state = feed({ ...parts, kind, contents, scope, signal: ending.signal });
    const made: View<T> = {
      kind,
      get: (name, namespace) => contents.get(name, namespace),
      list: namespace => contents.list(namespace),
      by: (index, key) => contents.by(index, key),
      index: (name, keysOf) => contents.index(name, keysOf),
      onChange: changed => contents.onChange(changed),
      timed: of => contents.timed(of, parts.clock.now),
      arrivedAt: (name, namespace) => contents.arrivedAt(name, namespace),
      get synced() {
        return state.synced;
      },
      ready: () => state.ready,
      get size() {
        return contents.size;
      },
    };
    all.set(id, { kind, scope, contents, view: made } as unknown as Fed);
    return made;
  }
  const ofKind = (kind: Kind) =>
    [...all.values()].filter(f => f.kind.plural === kind.plural && f.kind.group === kind.group && f.kind.version === kind.version);
  const whole = (f: Fed) => !f.scope.fieldSelector && !f.scope.namespace;

  return {
    of<T extends KubeObject>(kind: Kind<T>, options?: ViewOptions): View<T> {
      if (options) return view(kind, options);
      const known = wholes.get(kind) as View<T> | undefined;
      if (known) return known;
      const made = view(kind, {});
      wholes.set(kind, made);
      return made;
    },
    metadata: <T extends KubeObject>(kind: Kind<T>) => {
      const found = ofKind(kind).find(f => whole(f) && !f.scope.metadataOnly);
      return found ? (found.view as unknown as View<T>) : view(kind, { metadataOnly: true });
    },
    wrote: (kind, object) => {
      for (const f of ofKind(kind)) {
        // whether a new object belongs into a narrowed view only the server can say
        const known = f.contents.get(object.metadata.name ?? "", object.metadata.namespace)?.metadata.uid === object.metadata.uid;
        if (whole(f) || known) f.contents.wrote(trimmer(f.kind, f.scope.metadataOnly)(object));
      }
    },
    deleted: (kind, uid, name, namespace) => {
      for (const f of ofKind(kind)) f.contents.deleted(uid, name, namespace);
    },
    readLive: async (kind, namespace) => {
      const read = async ({ scope, contents }: Fed) => {
        const within = scope.namespace ?? namespace;
        const list = await parts.client.list(kind, { ...scope, ...(within && { namespace: within }) });
        contents.overtake(list.items.map(trimmer(kind, scope.metadataOnly)), revisionOf(list), within);
      };
      await Promise.all(ofKind(kind).map(read));
    },
    stop: () => ending.abort(),
  };
}
