import { NodeSelector, NodeSelectorTerm } from "#kinds/core/v1/selectors.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { int32, int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PreferredSchedulingTerm = object("PreferredSchedulingTerm", "A wish about nodes, with its weight.", {
  weight: int32(1, "How much the wish counts, from 1 to 100.").required().always(),
  preference: NodeSelectorTerm(2, "Which nodes are wished for; an empty term wishes for none.").required().always(),
});
export interface PreferredSchedulingTerm extends ObjectOf<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = object("NodeAffinity", "Which nodes a pod must or would rather run on.", {
  requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(
    1,
    "What a node must meet for the pod to be placed there; later changes of the node do not matter.",
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    2,
    PreferredSchedulingTerm,
    "Wishes; the node with the greatest sum of weights is preferred.",
  ).atomic(),
});
export interface NodeAffinity extends ObjectOf<typeof NodeAffinity> {}

export const PodAffinityTerm = object("PodAffinityTerm", "Which other pods matter, and how near is near.", {
  labelSelector: LabelSelector(1, "The pods that matter, by labels; none if absent."),
  namespaces: list(
    2,
    string,
    "In which namespaces they are looked for, beside those of namespaceSelector; this pod's own if both are absent.",
  ).atomic(),
  topologyKey: string(3, "Nodes with the same value of this label are one place.").required().always(),
  namespaceSelector: LabelSelector(4, "In which namespaces they are looked for, by the namespaces' labels; an empty selector means all."),
  matchLabelKeys: list(5, string, "Labels whose value must be the same as on this pod.").atomic(),
  mismatchLabelKeys: list(6, string, "Labels whose value must differ from this pod's.").atomic(),
});
export interface PodAffinityTerm extends ObjectOf<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = object("WeightedPodAffinityTerm", "A wish about other pods, with its weight.", {
  weight: int32(1, "How much the wish counts, from 1 to 100.").required().always(),
  podAffinityTerm: PodAffinityTerm(2, "Which pods the wish is about.").required().always(),
});
export interface WeightedPodAffinityTerm extends ObjectOf<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = object("PodAffinity", "Near which other pods a pod must or would rather run.", {
  requiredDuringSchedulingIgnoredDuringExecution: list(
    1,
    PodAffinityTerm,
    "Pods that must be near when this one is placed; all terms must hold.",
  ).atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    2,
    WeightedPodAffinityTerm,
    "Pods that would better be near, with weights.",
  ).atomic(),
});
export interface PodAffinity extends ObjectOf<typeof PodAffinity> {}

export const PodAntiAffinity = object("PodAntiAffinity", "Away from which other pods a pod must or would rather run.", {
  requiredDuringSchedulingIgnoredDuringExecution: list(
    1,
    PodAffinityTerm,
    "Pods that must not be near when this one is placed; all terms must hold.",
  ).atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    2,
    WeightedPodAffinityTerm,
    "Pods that would better not be near, with weights.",
  ).atomic(),
});
export interface PodAntiAffinity extends ObjectOf<typeof PodAntiAffinity> {}

export const Affinity = object("Affinity", "Rules of attraction for placing a pod.", {
  nodeAffinity: NodeAffinity(1, "Rules about nodes."),
  podAffinity: PodAffinity(2, "Rules about pods that should be near."),
  podAntiAffinity: PodAntiAffinity(3, "Rules about pods that should be elsewhere."),
});
export interface Affinity extends ObjectOf<typeof Affinity> {}

export const Toleration = object("Toleration", "Lets a pod onto nodes with matching taints.", {
  key: string(1, "The taint's key; empty, with operator Exists, means all taints."),
  operator: string(
    2,
    "Equal compares the values and is meant when nothing is stated; Exists takes any value; Lt and Gt compare numbers.",
  ).oneOf("Equal", "Exists", "Gt", "Lt"),
  value: string(3, "The taint's value; empty with operator Exists."),
  effect: string(4, "The taint's effect; empty means all effects.").oneOf("NoExecute", "NoSchedule", "PreferNoSchedule"),
  tolerationSeconds: int64(5, "How long a NoExecute taint is borne before the pod must go; forever if absent."),
});
export interface Toleration extends ObjectOf<typeof Toleration> {}

export const TopologySpreadConstraint = object("TopologySpreadConstraint", "How evenly pods are spread over places.", {
  maxSkew: int32(1, "By how much the fullest place may exceed the emptiest.").required().always(),
  topologyKey: string(2, "Nodes with the same value of this label are one place.").required().always(),
  whenUnsatisfiable: string(3, "DoNotSchedule lets the pod wait, ScheduleAnyway only prefers even places.")
    .required()
    .always()
    .oneOf("DoNotSchedule", "ScheduleAnyway"),
  labelSelector: LabelSelector(4, "Which pods are counted."),
  minDomains: int32(5, "With fewer suitable places than this the emptiest counts as having none; 1 unless stated."),
  nodeAffinityPolicy: string(
    6,
    "Whether nodes that the pod's node affinity excludes are left out (Honor) or counted (Ignore); Honor unless stated.",
  ).oneOf("Honor", "Ignore"),
  nodeTaintsPolicy: string(
    7,
    "Whether nodes with taints that the pod does not bear are left out (Honor) or counted (Ignore); Ignore unless stated.",
  ).oneOf("Honor", "Ignore"),
  matchLabelKeys: list(8, string, "Labels of the pod whose values narrow the pods that are counted.").atomic(),
});
export interface TopologySpreadConstraint extends ObjectOf<typeof TopologySpreadConstraint> {}

export const Taint = object("Taint", "Keeps pods off a node unless they tolerate it.", {
  key: string(1, "The taint's name.").required().always(),
  value: string(2, "A value that belongs to the name."),
  effect: string(3, "NoSchedule keeps new pods away, PreferNoSchedule if possible, NoExecute also drives out running ones.")
    .required()
    .always()
    .oneOf("NoExecute", "NoSchedule", "PreferNoSchedule"),
  timeAdded: time(4, "When a NoExecute taint was set."),
});
export interface Taint extends ObjectOf<typeof Taint> {}
