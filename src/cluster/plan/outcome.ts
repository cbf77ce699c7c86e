/** What a change brings: two states of a cluster at rest, without and with it, held beside each other. */
import { changesOf, type FieldChange } from "#apiserver/changes.ts";
import type { HistoryEntry } from "#cluster/history.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

export interface Named {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}
export interface Effect extends Named {
  readonly effect: "create" | "change" | "delete" | "restart" | "evict" | "pending" | "unready";
  /** Why: the reason that the loop gave which did it, a scheduler's sentence, or a condition's. */
  readonly because?: string;
  /** Who wrote it: a loop's name, or nothing for the change itself. */
  readonly by?: string;
  readonly changes?: readonly FieldChange[];
}
export type Objects = ReadonlyMap<string, { readonly kind: Kind; readonly object: KubeObject }>;
export const idOf = ({ kind, namespace, name }: Named): string => [kind.group, kind.kind, namespace, name].join("/");

/** Told about objects, or beats of a heart: no effects of their own. */
const SILENT: readonly Kind[] = [Event, Lease, Endpoints, EndpointSlice] as readonly Kind[];
/** Fields that say nothing which a person asked about. */
const NOISE = /^\.status(\.|$)/;

/** In the order: what was asked for, then what follows from it; `history` holds the writes between the two states. */
export function effects(before: Objects, after: Objects, history: readonly HistoryEntry[]): Effect[] {
  const out: Effect[] = [];
  const ids = new Set([...before.keys(), ...after.keys()]);
  for (const id of ids) {
    const was = before.get(id);
    const is = after.get(id);
    const { kind, object } = (is ?? was)!;
    if (SILENT.includes(kind)) continue;
    const { name = "", namespace = "" } = object.metadata;
    const named = { kind, namespace, name };
    const did = (...verbs: HistoryEntry["did"][]) => {
      const own = history.filter(
        w => verbs.includes(w.did) && w.kind === kind.kind && w.namespace === namespace && w.name === name && w.subresource !== "status",
      );
      // who decided counts, not who carried it out in the end; what was asked for itself follows from nothing
      return own.some(w => !w.loop) && !verbs.includes("delete") ? undefined : (own.findLast(w => w.because) ?? own.at(-1));
    };
    if (!was) out.push({ ...named, effect: "create", ...cause(did("create")) });
    else if (!is) out.push({ ...named, effect: "delete", ...cause(did("delete", "update")) });
    else if (was.object.metadata.uid !== is.object.metadata.uid) {
      out.push({ ...named, effect: "delete", ...cause(did("delete", "update")) }, { ...named, effect: "create", ...cause(did("create")) });
    } else {
      const changes = changesOf(was.object, is.object).filter(c => !NOISE.test(c.path));
      if (changes.length > 0) out.push({ ...named, effect: "change", changes, ...cause(did("update")) });
      const restarts = restartsOf(is) - restartsOf(was);
      // what ends again and again does so without the change, too
      if (restarts > 0 && trouble(named, was.object, undefined).length === 0)
        out.push({ ...named, effect: "restart", because: `${restarts} time${restarts > 1 ? "s" : ""}` });
    }
    if (is) out.push(...trouble(named, is.object, was?.object));
  }
  // Deletions by eviction are told as such.
  return out
    .map(e => (e.effect === "delete" && e.kind === (Pod as Kind) && evicted(e, history) ? { ...e, effect: "evict" as const } : e))
    .sort(byWeight);
}

const cause = (write: HistoryEntry | undefined): Pick<Effect, "because" | "by"> => ({
  ...(write?.because && { because: write.because }),
  ...(write?.loop && { by: write.loop }),
});
function evicted({ namespace, name }: Named, history: readonly HistoryEntry[]): boolean {
  return history.some(
    w =>
      w.kind === Pod.kind &&
      w.namespace === namespace &&
      w.name === name &&
      (w.subresource === "eviction" || w.loop === "taint-eviction-controller"),
  );
}
function restartsOf({ kind, object }: { readonly kind: Kind; readonly object: KubeObject }): number {
  if (kind !== (Pod as Kind)) return 0;
  return ((object as Pod).status.containerStatuses ?? []).reduce((sum, s) => sum + s.restartCount, 0);
}

interface Conditioned {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}
/** A pod that finds no node, or what is not ready or available; not where it was so before. */
function trouble(named: Named, is: KubeObject, was: KubeObject | undefined): Effect[] {
  const bad = (object: KubeObject | undefined) => {
    const { spec, status } = (object ?? {}) as Conditioned;
    const condition = (type: string) => status?.conditions?.find(c => c.type === type && c.status === "False");
    if (named.kind === (Pod as Kind)) {
      if (!spec?.nodeName) return { effect: "pending" as const, says: condition("PodScheduled")?.message ?? "it waits for the scheduler" };
      if (status?.phase === "Succeeded") return undefined;
      const not = condition("Ready");
      return not && { effect: "unready" as const, says: not.message || not.reason || "it is not ready" };
    }
    const not = condition("Available") ?? condition("Progressing");
    return not && { effect: "unready" as const, says: not.message || not.reason || "" };
  };
  const now = bad(is);
  if (!now || (was && bad(was)?.effect === now.effect)) return [];
  return [{ ...named, effect: now.effect, because: now.says }];
}

const WEIGHTS: Readonly<Record<Effect["effect"], number>> = {
  create: 0,
  change: 0,
  restart: 1,
  evict: 1,
  delete: 1,
  pending: 2,
  unready: 3,
};
/** What nobody's loop did comes first; within that by kind and name. */
function byWeight(a: Effect, b: Effect): number {
  const key = (e: Effect) => [WEIGHTS[e.effect], e.by ? 1 : 0, e.kind.kind, e.namespace, e.name] as const;
  const [x, y] = [key(a), key(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i]! < y[i]! ? -1 : 1;
  return 0;
}
