import { root } from "#base/fielderror.ts";
import { defaultDeployment } from "#kinds/apps/v1/workloaddefaults.ts";
import { validateDeployment, validateDeploymentStatus, validateSelectorUpdate } from "#kinds/apps/v1/workloadvalidation.ts";
import { AGE, NAME, TEMPLATE_COLUMNS } from "#kinds/columns.ts";
import { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import { podWarnings } from "#kinds/core/v1/podwarnings.ts";
import { kind } from "#kinds/kind.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { selectorString } from "#kinds/selectortext.ts";
import { bool, int32, int64, intOrString, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.apps.v1");

export const RollingUpdateDeployment = object(
  "RollingUpdateDeployment",
  "How far a rolling update may stray from the wanted number of pods.",
  {
    maxUnavailable: intOrString(
      1,
      "How many pods may be missing during the update, as a count or as a percentage rounded down; 25% unless stated.",
    ),
    maxSurge: intOrString(
      2,
      "How many pods there may be above the wanted number, as a count or as a percentage rounded up; 25% unless stated.",
    ),
  },
);
export interface RollingUpdateDeployment extends ObjectOf<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = object("DeploymentStrategy", "How old pods give way to new ones.", {
  type: string(1, "RollingUpdate exchanges pods step by step, Recreate ends all old ones first.").oneOf("Recreate", "RollingUpdate"),
  rollingUpdate: RollingUpdateDeployment(2, "The limits of a rolling update; only with type RollingUpdate."),
});
export interface DeploymentStrategy extends ObjectOf<typeof DeploymentStrategy> {}

export const DeploymentSpec = object("DeploymentSpec", "What a deployment should bring about.", {
  replicas: int32(1, "How many pods are wanted; 1 unless stated."),
  selector: LabelSelector(2, "Which pods belong to the deployment; it must match the template's labels and never changes.").required(),
  template: PodTemplateSpec(3, "What the pods look like; a change of it starts a rollout. Its restartPolicy can only be Always.")
    .required()
    .always(),
  strategy: DeploymentStrategy(4, "How old pods are replaced.").always().patch("retainKeys"),
  minReadySeconds: int32(5, "How long a new pod must have been ready before it counts as available."),
  revisionHistoryLimit: int32(6, "How many old replica sets are kept to go back to; 10 unless stated."),
  paused: bool(7, "Changes of the template wait while this is true."),
  progressDeadlineSeconds: int32(9, "After so many seconds without progress the rollout is reported as failed; 600 unless stated."),
});
export interface DeploymentSpec extends ObjectOf<typeof DeploymentSpec> {}

export const DeploymentCondition = object("DeploymentCondition", "One aspect of a deployment's state.", {
  type: string(1, "Which aspect: Available, Progressing or ReplicaFailure.").required().always(),
  status: string(2, "True, False or Unknown.").required().always(),
  lastUpdateTime: time(6, "When the condition was last looked at and renewed."),
  lastTransitionTime: time(7, "When the status last changed."),
  reason: string(4, "Why, in one word for programs."),
  message: string(5, "Why, in a sentence for people."),
});
export interface DeploymentCondition extends ObjectOf<typeof DeploymentCondition> {}

export const DeploymentStatus = object("DeploymentStatus", "What was last seen of a deployment.", {
  observedGeneration: int64(1, "The generation of the deployment that this status speaks of."),
  replicas: int32(2, "How many pods of the deployment run or start, in all its replica sets."),
  updatedReplicas: int32(3, "How many of them were made from the current template."),
  readyReplicas: int32(7, "How many of them are ready."),
  availableReplicas: int32(4, "How many have been ready for minReadySeconds."),
  unavailableReplicas: int32(5, "How many are still missing until the deployment is wholly available."),
  terminatingReplicas: int32(9, "How many pods are being ended."),
  conditions: list(6, DeploymentCondition, "The aspects of the deployment's state.").key("type").patch("merge", "type"),
  collisionCount: int32(8, "How often the hash in a new replica set's name was taken; it goes into the next hash."),
});
export interface DeploymentStatus extends ObjectOf<typeof DeploymentStatus> {}

export const Deployment = kind(
  {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    namespaced: true,
    doc: "Keeps a number of equal pods running and exchanges them step by step when their template changes.",
    home: "io.k8s.api.apps.v1",
    fields: {
      spec: DeploymentSpec(2, "What the deployment should bring about.").always(),
      status: DeploymentStatus(3, "What was last seen of it.").always(),
    },
  },
  {
    short: ["deploy"],
    categories: ["all"],
    generation: true,
    subresources: {
      status: true,
      scale: {
        replicas: o => o.spec.replicas ?? 0,
        setReplicas: (o, replicas) => {
          o.spec.replicas = replicas;
        },
        observed: o => o.status.replicas ?? 0,
        selector: o => (o.spec.selector && selectorString(o.spec.selector)) ?? "",
      },
    },
    rules: {
      defaults: ({ spec }) => defaultDeployment(spec),
      validate: ({ spec }, report) => validateDeployment(spec, report),
      validateUpdate: ({ spec }, old, report) => validateSelectorUpdate(spec, old.spec, report),
      validateStatusUpdate: ({ status }, old, report) => validateDeploymentStatus(status, old.status, report),
      warnings: ({ spec }) => podWarnings(spec.template.spec, spec.template.metadata, root.child("spec", "template")),
    },
    ownColumns: true,
    columns: [
      NAME,
      {
        name: "Ready",
        type: "string",
        doc: "Ready pods, of those wanted.",
        cell: d => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
      },
      { name: "Up-to-date", type: "string", doc: "Pods made from the current template.", cell: d => d.status.updatedReplicas ?? 0 },
      { name: "Available", type: "string", doc: "Pods that have been ready long enough.", cell: d => d.status.availableReplicas ?? 0 },
      AGE,
      ...TEMPLATE_COLUMNS,
    ],
  },
);
export interface Deployment extends ObjectOf<typeof Deployment> {}
