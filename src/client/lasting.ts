/** Views that outlive the process whose views they show: readers keep what was last seen, and are told what differs when others take over. */
import type { Changed, TellsApart, View } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

export interface LastingViews extends Views {
  /** From now on these are shown, each kind's as soon as it is there. */
  follow(next: Views): void;
}
interface Lasting {
  follow(next: Views): void;
}

export function lastingViews(first: Views): LastingViews {
  let current = first;
  const all = new Map<Kind, Lasting & { readonly view: unknown }>();
  const of = <T extends KubeObject>(kind: Kind<T>): View<T> => {
    const known = all.get(kind as unknown as Kind);
    if (known) return known.view as View<T>;
    const made = lasting(current.of(kind));
    all.set(kind as unknown as Kind, made);
    return made.view;
  };
  return {
    of,
    metadata: of,
    wrote: (kind, object) => current.wrote(kind, object),
    deleted: (...what) => current.deleted(...what),
    readLive: (...what) => current.readLive(...what),
    stop: () => current.stop(),
    follow(next) {
      current = next;
      for (const each of all.values()) each.follow(next);
    },
  };
}

function lasting<T extends KubeObject>(first: View<T>): Lasting & { readonly view: View<T> } {
  let current = first;
  let awaited = first;
  const indexes = new Map<string, (object: T) => readonly string[]>();
  const listeners = new Map<Changed<T>, () => void>();
  let timed: TellsApart<T> | undefined;

  function take(next: View<T>): void {
    const before = current;
    current = next;
    for (const [changed, stop] of listeners) {
      stop();
      for (const old of before.list()) if (!next.get(old.metadata.name ?? "", old.metadata.namespace)) changed({ object: undefined, old });
      let first = true;
      const following = next.onChange(change => {
        const { object } = change;
        if (!first || !object) return changed(change);
        const old = before.get(object.metadata.name ?? "", object.metadata.namespace);
        if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) changed({ object, old });
      });
      first = false;
      listeners.set(changed, following);
    }
  }
  const view: View<T> = {
    kind: first.kind,
    get: (name, namespace) => current.get(name, namespace),
    list: namespace => current.list(namespace),
    by: (index, key) => current.by(index, key),
    index(name, keysOf) {
      indexes.set(name, keysOf);
      current.index(name, keysOf);
    },
    onChange(changed) {
      listeners.set(changed, current.onChange(changed));
      return () => {
        listeners.get(changed)?.();
        listeners.delete(changed);
      };
    },
    timed(of) {
      timed = of;
      current.timed(of);
    },
    arrivedAt: (name, namespace) => current.arrivedAt(name, namespace),
    get synced() {
      return current.synced;
    },
    ready: () => current.ready(),
    get size() {
      return current.size;
    },
  };
  return {
    view,
    follow(next) {
      const its = next.of(first.kind);
      awaited = its;
      for (const [name, keysOf] of indexes) its.index(name, keysOf);
      if (timed) its.timed(timed);
      its.ready().then(
        () => awaited === its && take(its),
        () => undefined,
      );
    },
  };
}
