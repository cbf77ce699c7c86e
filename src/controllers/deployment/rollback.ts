/**
 * The way back by itself, for a deployment that asks for it: when a rollout makes no progress within its deadline, the last template that
 * was rolled out whole takes its place. Upstream leaves that to people (`kubectl rollout undo`).
 */
import { type Step, update } from "#client/steps.ts";
import { bareTemplate, REVISION, ROLLED_OUT, revisionOf } from "#controllers/deployment/sets.ts";
import { condition, hasDeadline } from "#controllers/deployment/status.ts";
import { Deployment, type DeploymentCondition } from "#kinds/apps/v1/deployment.ts";
import type { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { conditionOf } from "#rules/conditions.ts";

const ROLLBACK = "coxswain.dev/rollback-on-deadline";

export const goesBack = (d: Deployment): boolean => d.metadata.annotations?.[ROLLBACK] === "true" && hasDeadline(d);

/** What the status says of the deadline is about the set that has this revision: both are written at once. */
const isAbout = (d: Deployment, revision: string | undefined): boolean => d.metadata.annotations?.[REVISION] === revision;

/** The write that brings the last good template back, when the deadline of the present one has passed. */
export function goBack(
  d: Deployment,
  fresh: ReplicaSet | undefined,
  revision: string | undefined,
  sets: readonly ReplicaSet[],
): Step | undefined {
  const progress = conditionOf(d.status?.conditions, "Progressing");
  if (!goesBack(d) || !fresh || progress?.reason !== "ProgressDeadlineExceeded" || !isAbout(d, revision)) return undefined;
  const good = sets.find(s => s.metadata.name === d.metadata.annotations?.[ROLLED_OUT]);
  if (!good || good === fresh || good.metadata.deletionTimestamp) return undefined;
  const because = `revision ${revision} made no progress within ${d.spec.progressDeadlineSeconds} s`;
  const message = `Rolled back deployment "${d.metadata.name}" to revision ${revisionOf(good)}: ${because}`;
  return update(Deployment, { ...d, spec: { ...d.spec, template: bareTemplate(good.spec.template) } }, because, {
    about: d,
    done: { reason: "DeploymentRollback", message },
  });
}
/** A template that had a set before has a deadline of its own: what was said of the one before it counts no more. */
export function anew(d: Deployment, fresh: string, revision: string | undefined, now: number): DeploymentCondition | undefined {
  const progress = conditionOf(d.status?.conditions, "Progressing");
  if (!goesBack(d) || progress?.reason !== "ProgressDeadlineExceeded" || isAbout(d, revision)) return undefined;
  return condition("Progressing", "True", "FoundNewReplicaSet", `Found new replica set "${fresh}"`, now);
}
