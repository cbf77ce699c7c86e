import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { controllerOf } from "#rules/owners.ts";
import { isPodReady, isTerminal } from "#rules/pods.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** A bound of a rolling update in pods, as upstream rounds it: surge up, unavailable down; 1 unavailable where both would be 0. */
function bounds(d: Deployment): { readonly most: number; readonly least: number } {
  const wanted = d.spec.replicas ?? 1;
  const { maxSurge = "25%", maxUnavailable = "25%" } = d.spec.strategy?.rollingUpdate ?? {};
  const of = (value: number | string, round: (n: number) => number) =>
    typeof value === "number" ? value : round((Number.parseInt(value, 10) / 100) * wanted);
  const surge = of(maxSurge, Math.ceil);
  const unavailable = of(maxUnavailable, Math.floor) || (surge === 0 ? 1 : 0);
  return { most: wanted + surge, least: Math.max(0, wanted - unavailable) };
}
/** What one deployment has asked for since its controller last looked. */
interface Asked {
  readonly generation: number;
  readonly most: number;
  readonly least: number;
}
interface Course {
  asked: Asked[];
  /** All that must be available was, and nothing but the rollout itself has taken from it since. */
  whole: boolean;
}

/**
 * During a rolling update the sets never ask for more than replicas + maxSurge pods, and the rollout itself never leaves fewer than
 * replicas - maxUnavailable available. What a failing pod or node takes away is not the rollout's doing: then it counts again once all
 * that must be available has been.
 */
export const rollout: Invariant = {
  name: "unavailable never exceeds maxUnavailable nor surge maxSurge",
  begin(seen) {
    const courses = new Map<string, Course>();
    const rolling = (d: Deployment) => d.spec.strategy?.type !== "Recreate";
    const setsOf = (uid: string) => seen.list(ReplicaSet).filter(s => controllerOf(s)?.uid === uid);
    function asked(d: Deployment): undefined {
      const uid = d.metadata.uid ?? "";
      const course = courses.get(uid) ?? { asked: [], whole: false };
      courses.set(uid, course);
      const generation = d.metadata.generation ?? 0;
      const looked = d.status.observedGeneration ?? 0;
      const next = { generation, ...bounds(d) };
      if (course.asked.at(-1)?.generation !== generation) {
        if ((course.asked.at(-1)?.least ?? 0) < next.least) course.whole = false;
        course.asked.push(next);
      }
      // what it asked for before the newest that the controller has seen counts no more
      course.asked = course.asked.filter(
        (a, i, all) => a.generation >= looked || all[i + 1] === undefined || all[i + 1]!.generation > looked,
      );
      return undefined;
    }
    return {
      wrote({ kind, object, old }) {
        if (kind === Deployment) {
          if (!object) courses.delete(old?.metadata.uid ?? "");
          else if (rolling(object as Deployment)) return asked(object as Deployment);
          return undefined;
        }
        if (kind === ReplicaSet && object) {
          const set = object as ReplicaSet;
          const uid = controllerOf(set)?.uid ?? "";
          const course = courses.get(uid);
          const before = (old as ReplicaSet | undefined)?.spec.replicas ?? 0;
          if (!course || (set.spec.replicas ?? 1) <= before) return undefined;
          const sum = setsOf(uid).reduce((n, s) => n + (s.spec.replicas ?? 1), 0);
          const most = Math.max(...course.asked.map(a => a.most));
          return sum > most ? `the sets of ${nameOf(set)}'s Deployment ask for ${sum} pods, and ${most} are allowed` : undefined;
        }
        if (kind !== Pod) return undefined;
        const pod = (object ?? old) as Pod;
        const set = seen.list(ReplicaSet).find(s => s.metadata.uid === controllerOf(pod)?.uid);
        const uid = (set && controllerOf(set)?.uid) ?? "";
        const course = courses.get(uid);
        if (!course) return undefined;
        const available = (p: Pod) => isPodReady(p) && !p.metadata.deletionTimestamp && !isTerminal(p);
        const was = old !== undefined && available(old as Pod);
        const is = object !== undefined && available(object as Pod);
        if (was === is) return undefined;
        const owners = new Set(setsOf(uid).map(s => s.metadata.uid));
        const now = seen.list(Pod).filter(p => owners.has(controllerOf(p)?.uid ?? "") && available(p)).length;
        const least = Math.min(...course.asked.map(a => a.least));
        if (is) {
          if (now >= Math.max(...course.asked.map(a => a.least))) course.whole = true;
          return undefined;
        }
        // a set that is scaled down deletes pods itself; anything else is not its doing
        const scaledDown =
          object?.metadata.deletionTimestamp !== undefined && isPodReady(object as Pod) && deletedBySet(seen.list(Pod), set);
        if (!scaledDown) course.whole = false;
        if (course.whole && now < least) return `${now} pods of ${nameOf(pod)}'s Deployment are available, and ${least} must be`;
        return undefined;
      },
    };
  },
};
/** Whether the set has, with this deletion, no fewer pods than it asks for: it was too many, so the set has deleted it. */
function deletedBySet(pods: readonly Pod[], set: ReplicaSet | undefined): boolean {
  const own = pods.filter(p => controllerOf(p)?.uid === set?.metadata.uid && !p.metadata.deletionTimestamp && !isTerminal(p));
  return own.length >= (set?.spec.replicas ?? 0);
}
