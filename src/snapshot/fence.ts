import { serviceUnavailable } from "#base/status.ts";
import type { Op, Store } from "#store/contract.ts";

export interface Fence {
  /** The store, as all others are to see it. */
  readonly store: Store;
  /** From now on what would change anything is refused with this sentence; resolves when what had begun has ended. */
  close(because: string): Promise<void>;
  open(): void;
}
const CHANGES = new Set(["txn", "grant", "revoke", "compact"] as const);
type Changing = "txn" | "grant" | "revoke" | "compact";

/** A store whose writes can be held off while its reads go on. */
export function fenced(store: Store): Fence {
  let closed: string | undefined;
  const underWay = new Set<Promise<unknown>>();
  const guarded = (name: Changing) =>
    (async (...args: unknown[]) => {
      if (closed !== undefined && !(name === "txn" && readsOnly(args as Parameters<Store["txn"]>))) throw serviceUnavailable(closed);
      const work = (store[name] as (...given: unknown[]) => Promise<unknown>)(...args);
      underWay.add(work);
      return work.finally(() => underWay.delete(work));
    }) as unknown;
  // What was looked up once: methods are asked for at every call.
  const known = new Map<PropertyKey, unknown>([...CHANGES].map(name => [name, guarded(name)]));
  return {
    store: new Proxy(store, {
      get: (target, name) => {
        const held = known.get(name);
        if (held) return held;
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== "function") return value;
        const bound = value.bind(target) as unknown;
        known.set(name, bound);
        return bound;
      },
    }),
    async close(because) {
      closed = because;
      await Promise.allSettled([...underWay]);
    },
    open() {
      closed = undefined;
    },
  };
}
function readsOnly([, then, otherwise = []]: Parameters<Store["txn"]>): boolean {
  const isRead = (op: Op): boolean => op.op === "get" || (op.op === "txn" && [...op.success, ...(op.failure ?? [])].every(isRead));
  return [...then, ...otherwise].every(isRead);
}
