/** A deployment's status: counts over its sets, and the conditions Available, Progressing and ReplicaFailure as upstream words them. */
import { formatTime, parseTime } from "#base/time.ts";
import type { Failure } from "#client/controller.ts";
import { fenceposts } from "#controllers/deployment/rollout.ts";
import { type Planned, replicasOf } from "#controllers/deployment/sets.ts";
import type { Deployment, DeploymentCondition, DeploymentStatus } from "#kinds/apps/v1/deployment.ts";
import { conditionOf, withCondition, without } from "#rules/conditions.ts";

type Conditions = DeploymentCondition[];

export function hasDeadline(d: Deployment): boolean {
  return d.spec.progressDeadlineSeconds !== undefined && d.spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}
export function condition(type: string, status: string, reason: string, message: string, now: number): DeploymentCondition {
  return { type, status, reason, message, lastUpdateTime: formatTime(now), lastTransitionTime: formatTime(now) };
}

/** The counts, and Available; other conditions as they were. */
export function counted(d: Deployment, old: readonly Planned[], fresh: Planned | undefined, now: number): DeploymentStatus {
  const all = fresh ? [...old, fresh] : old;
  const sum = (of: (s: Planned) => number | undefined) => all.reduce((n, s) => n + (of(s) ?? 0), 0);
  const available = sum(s => s.set?.status?.availableReplicas);
  const wanted = sum(s => s.replicas);
  const minimum = available >= replicasOf(d) - fenceposts(d).unavailable;
  const terminating = all.some(s => s.set && s.set.status?.terminatingReplicas === undefined)
    ? undefined
    : sum(s => s.set?.status?.terminatingReplicas);
  const state = minimum
    ? condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    : condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now);
  return {
    observedGeneration: d.metadata.generation,
    replicas: sum(s => s.set?.status?.replicas) || undefined,
    updatedReplicas: fresh?.set?.status?.replicas || undefined,
    readyReplicas: sum(s => s.set?.status?.readyReplicas) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, wanted - available) || undefined,
    terminatingReplicas: terminating,
    collisionCount: d.status?.collisionCount,
    conditions: withCondition(d.status?.conditions, state),
  };
}
export function isComplete(d: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(d);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (d.metadata.generation ?? 0)
  );
}
function isProgressing(d: Deployment, next: DeploymentStatus): boolean {
  const was = d.status ?? {};
  const outdated = (s: DeploymentStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  const more = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas") => (next[field] ?? 0) > (was[field] ?? 0);
  return more("updatedReplicas") || outdated(next) < outdated(was) || more("readyReplicas") || more("availableReplicas");
}
/** When the deployment will be said to have stopped progressing; milliseconds. */
export function deadlineOf(d: Deployment, conditions: Conditions | undefined): number | undefined {
  const known = conditionOf(conditions, "Progressing");
  if (!hasDeadline(d) || !known || known.reason === "NewReplicaSetAvailable" || known.reason === "ProgressDeadlineExceeded")
    return undefined;
  return (parseTime(known.lastUpdateTime ?? "") ?? 0) + (d.spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** The counts with Progressing and ReplicaFailure brought up to date. */
export function rolledOut(
  d: Deployment,
  old: readonly Planned[],
  fresh: Planned | undefined,
  failures: readonly Failure[],
  now: number,
): DeploymentStatus {
  const status = counted(d, old, fresh, now);
  let conditions = status.conditions ?? [];
  const subject = fresh ? `ReplicaSet "${fresh.name}"` : `Deployment "${d.metadata.name}"`;
  const current = conditionOf(d.status?.conditions, "Progressing");
  if (!hasDeadline(d)) conditions = without(conditions, "Progressing");
  else conditions = progressing();
  const failure = [...(fresh ? [fresh] : []), ...old].map(s => conditionOf(s.set?.status?.conditions, "ReplicaFailure")).find(c => c);
  conditions = failure
    ? withCondition(conditions, {
        ...condition("ReplicaFailure", failure.status, failure.reason ?? "", failure.message ?? "", now),
        lastTransitionTime: failure.lastTransitionTime,
      })
    : without(conditions, "ReplicaFailure");
  return { ...status, conditions };

  function progressing(): Conditions {
    const refused = failures.find(f => f.kind === "ReplicaSet" && f.did === "create" && f.reason !== "AlreadyExists");
    if (refused && fresh) {
      const message = `Failed to create new replica set "${fresh.name}": ${refused.message}`;
      return withCondition(conditions, condition("Progressing", "False", "ReplicaSetCreateError", message, now));
    }
    if (fresh && !fresh.set) {
      const message = `Created new replica set "${fresh.name}"`;
      return withCondition(conditions, condition("Progressing", "True", "NewReplicaSetCreated", message, now));
    }
    if ((status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable") return conditions;
    if (fresh && !current) {
      const message = `Found new replica set "${fresh.name}"`;
      conditions = withCondition(conditions, condition("Progressing", "True", "FoundNewReplicaSet", message, now));
    }
    if (isComplete(d, status)) {
      const message = `${subject} has successfully progressed.`;
      return withCondition(conditions, condition("Progressing", "True", "NewReplicaSetAvailable", message, now));
    }
    if (isProgressing(d, status)) {
      const next = condition("Progressing", "True", "ReplicaSetUpdated", `${subject} is progressing.`, now);
      const kept = current?.status === "True" ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
      return [...without(conditions, "Progressing"), kept];
    }
    const deadline = deadlineOf(d, conditions);
    if (deadline !== undefined && deadline < now) {
      const message = `${subject} has timed out progressing.`;
      return withCondition(conditions, condition("Progressing", "False", "ProgressDeadlineExceeded", message, now));
    }
    return conditions;
  }
}
/** While a deployment is paused its lack of progress does not count. */
export function pausing(d: Deployment, now: number): DeploymentCondition | undefined {
  const current = conditionOf(d.status?.conditions, "Progressing");
  if (!hasDeadline(d) || current?.reason === "ProgressDeadlineExceeded") return undefined;
  const paused = current?.reason === "DeploymentPaused";
  if (d.spec.paused && !paused) return condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now);
  if (!d.spec.paused && paused) return condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now);
  return undefined;
}
