/** Views of parts: one whole view, and one watch, for many who each need their own share of it (a simulated node its own pods). */
import type { Changed, View } from "#client/view.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** Splits `whole` by a key of each object; the result gives each key's part. Costs one listener, however many parts there are. */
export function partsOf<T extends KubeObject>(
  whole: View<T>,
  index: string,
  keyOfPart: (object: T) => string | undefined,
): (part: string) => View<T> {
  const listeners = new Map<string, Set<Changed<T>>>();
  const partOf = (object: T | undefined) => object && keyOfPart(object);
  whole.index(index, object => [keyOfPart(object) ?? ""]);
  whole.onChange(({ object, old }) => {
    const [now, before] = [partOf(object), partOf(old)];
    const tell = (part: string | undefined, change: Parameters<Changed<T>>[0]) => {
      if (part) for (const changed of listeners.get(part) ?? []) changed(change);
    };
    if (now === before) tell(now, { object, old });
    else {
      tell(before, { object: undefined, old });
      tell(now, { object, old: undefined });
    }
  });
  return part => {
    const list = (namespace?: string) => {
      const all = whole.by(index, part);
      return namespace ? all.filter(o => o.metadata.namespace === namespace) : all;
    };
    return {
      kind: whole.kind,
      get: (name, namespace) => {
        const found = whole.get(name, namespace);
        return partOf(found) === part ? found : undefined;
      },
      list,
      by: (name, key) => whole.by(name, key).filter(o => partOf(o) === part),
      index: (name, keysOf) => whole.index(name, keysOf),
      onChange: changed => {
        const own = listeners.get(part) ?? new Set();
        listeners.set(part, own.add(changed));
        for (const object of list()) changed({ object, old: undefined });
        return () => {
          own.delete(changed);
          if (own.size === 0) listeners.delete(part);
        };
      },
      timed: of => whole.timed(of),
      arrivedAt: (name, namespace) => whole.arrivedAt(name, namespace),
      get synced() {
        return whole.synced;
      },
      ready: () => whole.ready(),
      get size() {
        return list().length;
      },
    };
  };
}
