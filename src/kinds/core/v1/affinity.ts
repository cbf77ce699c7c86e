import { NodeSelector, NodeSelectorTerm } from "#kinds/core/v1/selectors.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { int32, int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PreferredSchedulingTerm = object("PreferredSchedulingTerm", "", {
  weight: int32(1, "").required().always(),
  preference: NodeSelectorTerm(2, "").required().always(),
});
export interface PreferredSchedulingTerm extends ObjectOf<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = object("NodeAffinity", "", {
  requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(1, ""),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm, "").atomic(),
});
export interface NodeAffinity extends ObjectOf<typeof NodeAffinity> {}

export const PodAffinityTerm = object("PodAffinityTerm", "", {
  labelSelector: LabelSelector(1, ""),
  namespaces: list(2, string, "").atomic(),
  topologyKey: string(3, "").required().always(),
  namespaceSelector: LabelSelector(4, ""),
  matchLabelKeys: list(5, string, "").atomic(),
  mismatchLabelKeys: list(6, string, "").atomic(),
});
export interface PodAffinityTerm extends ObjectOf<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = object("WeightedPodAffinityTerm", "", {
  weight: int32(1, "").required().always(),
  podAffinityTerm: PodAffinityTerm(2, "").required().always(),
});
export interface WeightedPodAffinityTerm extends ObjectOf<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = object("PodAffinity", "", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm, "").atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm, "").atomic(),
});
export interface PodAffinity extends ObjectOf<typeof PodAffinity> {}

export const PodAntiAffinity = object("PodAntiAffinity", "", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm, "").atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm, "").atomic(),
});
export interface PodAntiAffinity extends ObjectOf<typeof PodAntiAffinity> {}

export const Affinity = object("Affinity", "", {
  nodeAffinity: NodeAffinity(1, ""),
  podAffinity: PodAffinity(2, ""),
  podAntiAffinity: PodAntiAffinity(3, ""),
});
export interface Affinity extends ObjectOf<typeof Affinity> {}

export const Toleration = object("Toleration", "", {
  key: string(1, ""),
  operator: string(2, "").oneOf("Equal", "Exists", "Gt", "Lt"),
  value: string(3, ""),
  effect: string(4, "").oneOf("NoExecute", "NoSchedule", "PreferNoSchedule"),
  tolerationSeconds: int64(5, ""),
});
export interface Toleration extends ObjectOf<typeof Toleration> {}

export const TopologySpreadConstraint = object("TopologySpreadConstraint", "", {
  maxSkew: int32(1, "").required().always(),
  topologyKey: string(2, "").required().always(),
  whenUnsatisfiable: string(3, "").required().always().oneOf("DoNotSchedule", "ScheduleAnyway"),
  labelSelector: LabelSelector(4, ""),
  minDomains: int32(5, ""),
  nodeAffinityPolicy: string(6, "").oneOf("Honor", "Ignore"),
  nodeTaintsPolicy: string(7, "").oneOf("Honor", "Ignore"),
  matchLabelKeys: list(8, string, "").atomic(),
});
export interface TopologySpreadConstraint extends ObjectOf<typeof TopologySpreadConstraint> {}

export const Taint = object("Taint", "", {
  key: string(1, "").required().always(),
  value: string(2, ""),
  effect: string(3, "").required().always().oneOf("NoExecute", "NoSchedule", "PreferNoSchedule"),
  timeAdded: time(4, ""),
});
export interface Taint extends ObjectOf<typeof Taint> {}
