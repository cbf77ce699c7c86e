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

export const ReplicaSetSpec = object("ReplicaSetSpec", "What a replica set should keep up.", {
  replicas: int32(1, "How many pods are wanted; 1 unless stated."),
  minReadySeconds: int32(4, "How long a pod must have been ready before it counts as available."),
  selector: LabelSelector(2, "Which pods count; it must match the template's labels and never changes.").required(),
  template: PodTemplateSpec(3, "What a new pod looks like.").always(),
});
export interface ReplicaSetSpec extends ObjectOf<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = object("ReplicaSetCondition", "One aspect of a replica set's state.", {
  type: string(1, "Which aspect; ReplicaFailure is the only one in use.").required().always(),
  status: string(2, "True, False or Unknown.").required().always(),
  lastTransitionTime: time(3, "When the status last changed."),
  reason: string(4, "Why, in one word for programs."),
  message: string(5, "Why, in a sentence for people."),
});
export interface ReplicaSetCondition extends ObjectOf<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = object("ReplicaSetStatus", "What was last seen of a replica set.", {
  replicas: int32(1, "How many pods exist that are not ending.").required().always(),
  fullyLabeledReplicas: int32(2, "How many of them carry all labels of the template."),
  readyReplicas: int32(4, "How many of them are ready."),
  availableReplicas: int32(5, "How many have been ready for minReadySeconds."),
  terminatingReplicas: int32(7, "How many pods are being ended."),
  observedGeneration: int64(3, "The generation of the set that this status speaks of."),
  conditions: list(6, ReplicaSetCondition, "The aspects of the set's state.").key("type").patch("merge", "type"),
});
export interface ReplicaSetStatus extends ObjectOf<typeof ReplicaSetStatus> {}

export const ReplicaSet = kind(
  {
    group: "apps",
    version: "v1",
    kind: "ReplicaSet",
    plural: "replicasets",
    namespaced: true,
    doc: "Keeps a stated number of equal pods running.",
    home: "io.k8s.api.apps.v1",
    fields: {
      spec: ReplicaSetSpec(2, "What the set should keep up.").always(),
      status: ReplicaSetStatus(3, "What was last seen of it.").always(),
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
