import { root } from "#base/fielderror.ts";
import { defaultReplicaSet } from "#kinds/apps/v1/workloaddefaults.ts";
import { validateReplicaSet, validateReplicaSetStatus, validateSelectorUpdate } from "#kinds/apps/v1/workloadvalidation.ts";
import { AGE, NAME, TEMPLATE_COLUMNS } from "#kinds/columns.ts";
import { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import { podWarnings } from "#kinds/core/v1/podwarnings.ts";
import { kind } from "#kinds/kind.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { selectorString } from "#kinds/selectortext.ts";
import { int32, int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.apps.v1");

export const ReplicaSetSpec = object("ReplicaSetSpec", "", {
  replicas: int32(1, ""),
  minReadySeconds: int32(4, ""),
  selector: LabelSelector(2, "").required(),
  template: PodTemplateSpec(3, "").always(),
});
export interface ReplicaSetSpec extends ObjectOf<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = object("ReplicaSetCondition", "", {
  type: string(1, "").required().always(),
  status: string(2, "").required().always(),
  lastTransitionTime: time(3, ""),
  reason: string(4, ""),
  message: string(5, ""),
});
export interface ReplicaSetCondition extends ObjectOf<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = object("ReplicaSetStatus", "", {
  replicas: int32(1, "").required().always(),
  fullyLabeledReplicas: int32(2, ""),
  readyReplicas: int32(4, ""),
  availableReplicas: int32(5, ""),
  terminatingReplicas: int32(7, ""),
  observedGeneration: int64(3, ""),
  conditions: list(6, ReplicaSetCondition, "").key("type").patch("merge", "type"),
});
export interface ReplicaSetStatus extends ObjectOf<typeof ReplicaSetStatus> {}

export const ReplicaSet = kind(
  {
    group: "apps",
    version: "v1",
    kind: "ReplicaSet",
    plural: "replicasets",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.apps.v1",
    fields: {
      spec: ReplicaSetSpec(2, "").always(),
      status: ReplicaSetStatus(3, "").always(),
    },
  },
  {
    short: ["rs"],
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
    selectable: { "status.replicas": r => String(r.status.replicas ?? 0) },
    rules: {
      defaults: ({ spec }) => defaultReplicaSet(spec),
      validate: ({ spec }, report) => validateReplicaSet(spec, report),
      validateUpdate: ({ spec }, old, report) => validateSelectorUpdate(spec, old.spec, report),
      validateStatusUpdate: ({ status }, _, report) => validateReplicaSetStatus(status, report),
      warnings: ({ spec }) => podWarnings(spec.template.spec, spec.template.metadata, root.child("spec", "template")),
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Desired", type: "integer", doc: "How many pods are wanted.", cell: r => r.spec.replicas ?? 0 },
      { name: "Current", type: "integer", doc: "How many pods exist.", cell: r => r.status.replicas ?? 0 },
      { name: "Ready", type: "integer", doc: "How many pods are ready.", cell: r => r.status.readyReplicas ?? 0 },
      AGE,
      ...TEMPLATE_COLUMNS,
    ],
  },
);
export interface ReplicaSet extends ObjectOf<typeof ReplicaSet> {}
