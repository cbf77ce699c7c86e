/** A deployment's replica sets: which is the new one, their revisions and annotations, and a plan of what each is to become. */
import { equal } from "#base/equal.ts";
import { parseTime } from "#base/time.ts";
import { create, type OutcomeEvent, type Step, update } from "#client/steps.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import type { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import { controllerReference } from "#rules/owners.ts";
import { templateHash } from "#rules/templatehash.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
const DESIRED = "deployment.kubernetes.io/desired-replicas";
const MOST = "deployment.kubernetes.io/max-replicas";
/** On a deployment that goes back by itself: its set that was the last to be rolled out whole. */
export const ROLLED_OUT = "coxswain.dev/rolled-out";
const HASH = "pod-template-hash";
/** Annotations of a deployment that its sets do not take over. */
const OWN = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MOST,
  "deprecated.deployment.rollback.to",
  ROLLED_OUT,
]);
/** Characters of the history of revisions. */
const HISTORY_LENGTH = 2000;

/** A set as it is and as it is to be. `set` is undefined for the new one while it does not exist. */
export interface Planned {
  readonly name: string;
  readonly set: ReplicaSet | undefined;
  replicas: number;
  annotations: Record<string, string>;
  minReadySeconds: number | undefined;
  because: string;
  event: string;
}

export const replicasOf = (d: Deployment): number => d.spec.replicas ?? 1;
const annotationNumber = (planned: Planned, key: string): number | undefined => {
  const text = planned.annotations[key];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
};
export const desiredOf = (planned: Planned): number | undefined => annotationNumber(planned, DESIRED);
export const mostOf = (planned: Planned): number | undefined => annotationNumber(planned, MOST);

export function plannedOf(set: ReplicaSet): Planned {
  return {
    name: set.metadata.name ?? "",
    set,
    replicas: set.spec.replicas ?? 1,
    annotations: { ...set.metadata.annotations },
    minReadySeconds: set.spec.minReadySeconds,
    because: "",
    event: "",
  };
}
export function revisionOf(set: ReplicaSet): number {
  const revision = Number(set.metadata.annotations?.[REVISION] ?? 0);
  return Number.isSafeInteger(revision) ? revision : 0;
}
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [x, y] = [parseTime(a.metadata.creationTimestamp ?? "") ?? 0, parseTime(b.metadata.creationTimestamp ?? "") ?? 0];
  return x - y || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1);
}
/** A set's template without the hash's label: as its deployment had it. */
export function bareTemplate(template: PodTemplateSpec): PodTemplateSpec {
  const { [HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
/** Whether two templates are the same but for the hash's label. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  const bare = (template: PodTemplateSpec) => {
    const { metadata, spec } = bareTemplate(template);
    return { labels: metadata?.labels, annotations: metadata?.annotations ?? {}, finalizers: metadata?.finalizers ?? [], spec };
  };
  return equal(bare(a), bare(b));
}
export function hashOf(d: Deployment): string {
  const { labels, annotations, finalizers } = d.spec.template.metadata ?? {};
  return templateHash({ labels, annotations, finalizers, spec: d.spec.template.spec }, d.status?.collisionCount ?? 0);
}
/** The name that the deployment's new set would get. */
export function newSetName(d: Deployment): string {
  return `${d.metadata.name}-${hashOf(d)}`;
}

/** Puts the deployment's annotations, its revision and (for a set yet to be made) its size on the plan of the new set. */
export function annotate(d: Deployment, planned: Planned, revision: number, surge: number): void {
  for (const [key, value] of Object.entries(d.metadata.annotations ?? {})) if (!OWN.has(key)) planned.annotations[key] = value;
  const known = planned.annotations[REVISION];
  if (Number(known ?? 0) < revision) {
    planned.annotations[REVISION] = String(revision);
    // it had a revision before: this is a roll-back, and kubectl shows what it was called
    if (known !== undefined) {
      const history = [...(planned.annotations[REVISION_HISTORY]?.split(",") ?? []), known];
      while (history.length > 1 && history.join(",").length > HISTORY_LENGTH) history.shift();
      planned.annotations[REVISION_HISTORY] = history.join(",");
    }
  }
  planned.minReadySeconds = d.spec.minReadySeconds;
  if (!planned.set) size(d, planned, surge);
}
function size(d: Deployment, planned: Planned, surge: number): void {
  planned.annotations[DESIRED] = String(replicasOf(d));
  planned.annotations[MOST] = String(replicasOf(d) + surge);
}
/** Plans another size for a set, with the event that tells of it. */
export function scaleTo(d: Deployment, planned: Planned, replicas: number, surge: number, because: string): boolean {
  size(d, planned, surge);
  if (planned.replicas === replicas) return false;
  const way = planned.replicas < replicas ? "up" : "down";
  planned.event = `Scaled ${way} replica set ${planned.name} from ${planned.set ? planned.replicas : 0} to ${replicas}`;
  planned.because = because;
  planned.replicas = replicas;
  return true;
}

/** The write that makes a plan true; none when it is so already. */
export function writeOf(d: Deployment, planned: Planned): Step[] {
  const event: OutcomeEvent | undefined = planned.event
    ? { about: d, done: { reason: "ScalingReplicaSet", message: planned.event } }
    : undefined;
  const { set, annotations, replicas, minReadySeconds } = planned;
  const because = planned.because || "it takes over what the deployment says";
  if (!set) return [creation(d, planned, because, event)];
  const changed = { ...set.spec, replicas, ...(minReadySeconds !== undefined && { minReadySeconds }) };
  if (equal(changed, set.spec) && equal(annotations, set.metadata.annotations ?? {})) return [];
  return [update(ReplicaSet, { ...set, metadata: { ...set.metadata, annotations }, spec: changed }, because, event)];
}
function creation(d: Deployment, planned: Planned, because: string, event: OutcomeEvent | undefined): Step {
  const hash = hashOf(d);
  const { annotations: podAnnotations, labels: podLabels, finalizers } = d.spec.template.metadata ?? {};
  const labels = { ...podLabels, [HASH]: hash };
  const { selector } = d.spec;
  const failed = { reason: "ReplicaSetCreateError", message: `Failed to create new replica set "${planned.name}": {error}` };
  const object = {
    metadata: {
      name: planned.name,
      namespace: d.metadata.namespace,
      labels,
      annotations: planned.annotations,
      ownerReferences: [controllerReference(Deployment, d)],
    },
    spec: {
      replicas: planned.replicas,
      minReadySeconds: d.spec.minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: {
        metadata: { labels, ...(podAnnotations && { annotations: podAnnotations }), ...(finalizers && { finalizers }) },
        spec: d.spec.template.spec,
      },
    },
  };
  return { ...create(ReplicaSet, object, because, { about: d, ...event, failed }), crucial: true };
}
