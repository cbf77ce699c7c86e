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

export const RollingUpdateDeployment = object("RollingUpdateDeployment", "", {
  maxUnavailable: intOrString(1, ""),
  maxSurge: intOrString(2, ""),
});
export interface RollingUpdateDeployment extends ObjectOf<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = object("DeploymentStrategy", "", {
  type: string(1, "").oneOf("Recreate", "RollingUpdate"),
  rollingUpdate: RollingUpdateDeployment(2, ""),
});
export interface DeploymentStrategy extends ObjectOf<typeof DeploymentStrategy> {}

export const DeploymentSpec = object("DeploymentSpec", "", {
  replicas: int32(1, ""),
  selector: LabelSelector(2, "").required(),
  template: PodTemplateSpec(3, "").required().always(),
  strategy: DeploymentStrategy(4, "").always().patch("retainKeys"),
  minReadySeconds: int32(5, ""),
  revisionHistoryLimit: int32(6, ""),
  paused: bool(7, ""),
  progressDeadlineSeconds: int32(9, ""),
});
export interface DeploymentSpec extends ObjectOf<typeof DeploymentSpec> {}

export const DeploymentCondition = object("DeploymentCondition", "", {
  type: string(1, "").required().always(),
  status: string(2, "").required().always(),
  lastUpdateTime: time(6, ""),
  lastTransitionTime: time(7, ""),
  reason: string(4, ""),
  message: string(5, ""),
});
export interface DeploymentCondition extends ObjectOf<typeof DeploymentCondition> {}

export const DeploymentStatus = object("DeploymentStatus", "", {
  observedGeneration: int64(1, ""),
  replicas: int32(2, ""),
  updatedReplicas: int32(3, ""),
  readyReplicas: int32(7, ""),
  availableReplicas: int32(4, ""),
  unavailableReplicas: int32(5, ""),
  terminatingReplicas: int32(9, ""),
  conditions: list(6, DeploymentCondition, "").key("type").patch("merge", "type"),
  collisionCount: int32(8, ""),
});
export interface DeploymentStatus extends ObjectOf<typeof DeploymentStatus> {}

export const Deployment = kind(
  {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.apps.v1",
    fields: {
      spec: DeploymentSpec(2, "").always(),
      status: DeploymentStatus(3, "").always(),
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
