/** ReplicaSets: as many active pods as are wanted. */
import { equal } from "#base/equal.ts";
import { formatTime } from "#base/time.ts";
import { type Context, controller, on } from "#client/controller.ts";
import { type Step, updateStatus, wake } from "#client/steps.ts";
import { BY_OWNER, keyOf, splitKey } from "#client/view.ts";
import { adoptable, claim } from "#controllers/claim.ts";
import { createPod, deletePod, podOf } from "#controllers/podcontrol.ts";
import { ReplicaSet, type ReplicaSetStatus } from "#kinds/apps/v1/replicaset.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { conditionOf, withCondition, without } from "#rules/conditions.ts";
import { inDeletionOrder } from "#rules/deletionorder.ts";
import { controllerOf, isControlledBy } from "#rules/owners.ts";
import { availableAt, isActive, isPodAvailable, isPodReady, isTerminating } from "#rules/pods.ts";
import { selectorFor } from "#rules/selectors.ts";

/** Creations and deletions of one round, as upstream bounds them. */
const BURST = 500;
/** Pods without a controller, by namespace. */
const ORPHANS = "orphans";

export interface Observed {
  readonly set: ReplicaSet;
  /** The pods of its namespace that it owns, or that match its selector and have no owner. */
  readonly pods: readonly Pod[];
  /** The live set is this one and is not being deleted: it may adopt. */
  readonly mayAdopt: boolean;
  /** Pods of the sets of the same owner (a deployment's), for the order of deletion. */
  readonly related: readonly Pod[];
}

export const replicaSetController = controller<Observed>({
  name: "replicaset-controller",
  keyedBy: "ReplicaSet",
  watches: [
    on(ReplicaSet),
    on(Pod, (pod, views) => {
      const owner = controllerOf(pod);
      if (owner) return owner.kind === "ReplicaSet" ? [`${pod.metadata.namespace}/${owner.name}`] : [];
      const sets = views.of(ReplicaSet).list(pod.metadata.namespace);
      return sets.filter(set => selectorFor(set.spec.selector).matches(pod.metadata.labels)).map(keyOf);
    }),
  ],
  prepare(views) {
    views.of(Pod).index(ORPHANS, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? ""]));
  },
  async observe(key, { views, client }) {
    const { namespace, name } = splitKey(key);
    const set = views.of(ReplicaSet).get(name, namespace);
    if (!set) return undefined;
    const selector = selectorFor(set.spec.selector);
    // not all pods of the namespace: with many sets in one that is quadratic
    const owned = views.of(Pod).by(BY_OWNER, set.metadata.uid ?? "");
    const orphans = views.of(Pod).by(ORPHANS, namespace);
    const pods = [...owned.filter(pod => isControlledBy(pod, set)), ...orphans.filter(pod => selector.matches(pod.metadata.labels))];
    let mayAdopt = false;
    if (pods.some(pod => isActive(pod) && adoptable(pod, selector))) {
      const live = await client.get(ReplicaSet, name, namespace);
      mayAdopt = live.metadata.uid === set.metadata.uid && !live.metadata.deletionTimestamp;
    }
    const owner = controllerOf(set);
    const siblings = owner ? views.of(ReplicaSet).by(BY_OWNER, owner.uid) : [set];
    const related = siblings.flatMap(s => views.of(Pod).by(BY_OWNER, s.metadata.uid ?? ""));
    return { set, pods, mayAdopt, related };
  },

  decide({ set, pods, mayAdopt, related }, { now, failures }): Step[] {
    const wanted = set.spec.replicas ?? 1;
    const selector = selectorFor(set.spec.selector);
    const { mine, steps: claims } = claim({ kind: ReplicaSet, object: set, selector, mayAdopt }, Pod, pods.filter(isActive));
    const steps: Step[] = [...claims];
    const missing = wanted - mine.length;
    if (!set.metadata.deletionTimestamp && missing > 0) {
      const because = `${mine.length} of ${wanted} pods exist`;
      const pod = podOf(ReplicaSet, set, set.spec.template);
      for (let i = 0; i < Math.min(missing, BURST); i++) steps.push(createPod(set, pod, because));
    } else if (!set.metadata.deletionTimestamp && missing < 0) {
      const because = `${mine.length} pods exist, ${wanted} are wanted`;
      const going = inDeletionOrder(mine, related, now).slice(0, Math.min(-missing, BURST));
      for (const pod of going) steps.push(deletePod(set, pod, because));
    }
    const terminating = pods.filter(pod => isControlledBy(pod, set) && isTerminating(pod)).length;
    const status = statusOf(set, mine, terminating, failures, now);
    if (!equal(status, set.status)) steps.push(updateStatus(ReplicaSet, { ...set, status }, "its pods are so now"));
    const minReady = set.spec.minReadySeconds ?? 0;
    const soon = mine.map(pod => availableAt(pod, minReady) ?? 0).filter(at => at > now);
    if (minReady > 0 && soon.length > 0) steps.push(wake(Math.min(...soon), "a pod will have been ready for long enough"));
    return steps;
  },
});

function statusOf(
  set: ReplicaSet,
  mine: readonly Pod[],
  terminating: number,
  failures: Context["failures"],
  now: number,
): ReplicaSetStatus {
  const labels = Object.entries(set.spec.template.metadata?.labels ?? {});
  const minReady = set.spec.minReadySeconds ?? 0;
  const count = (is: (pod: Pod) => boolean) => mine.filter(is).length || undefined;
  const conditions = withFailure(set.status.conditions, failures, now);
  return {
    replicas: mine.length,
    fullyLabeledReplicas: count(pod => labels.every(([k, v]) => pod.metadata.labels?.[k] === v)),
    readyReplicas: count(isPodReady),
    availableReplicas: count(pod => isPodAvailable(pod, minReady, now)),
    terminatingReplicas: terminating,
    observedGeneration: set.metadata.generation || undefined,
    conditions: conditions.length > 0 ? conditions : undefined,
  };
}
/** ReplicaFailure says that pods could not be made or deleted; upstream keeps the first failure's words until all goes well again. */
function withFailure(conditions: ReplicaSetStatus["conditions"], failures: Context["failures"], now: number) {
  const failed = failures.find(f => f.kind === "Pod" && (f.did === "create" || f.did === "delete"));
  if (!failed) return without(conditions, "ReplicaFailure");
  if (conditionOf(conditions, "ReplicaFailure")) return conditions ?? [];
  const reason = failed.did === "delete" ? "FailedDelete" : "FailedCreate";
  const condition = { type: "ReplicaFailure", status: "True", reason, message: failed.message, lastTransitionTime: formatTime(now) };
  return withCondition(conditions, condition);
}
