import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { atomic, bool, embed, list, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ObjectFieldSelector = atomic(
  object("ObjectFieldSelector", "", {
    apiVersion: string(1, ""),
    fieldPath: string(2, "").required().always(),
  }),
);
export interface ObjectFieldSelector extends ObjectOf<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = atomic(
  object("ResourceFieldSelector", "", {
    containerName: string(1, ""),
    resource: string(2, "").required().always(),
    divisor: quantity(3, ""),
  }),
);
export interface ResourceFieldSelector extends ObjectOf<typeof ResourceFieldSelector> {}

export const ConfigMapKeySelector = atomic(
  object(
    "ConfigMapKeySelector",
    "",
    {
      key: string(2, "").required().always(),
      optional: bool(3, ""),
    },
    embed(1, LocalObjectReference),
  ),
);
export interface ConfigMapKeySelector extends ObjectOf<typeof ConfigMapKeySelector> {}

export const SecretKeySelector = atomic(
  object(
    "SecretKeySelector",
    "",
    {
      key: string(2, "").required().always(),
      optional: bool(3, ""),
    },
    embed(1, LocalObjectReference),
  ),
);
export interface SecretKeySelector extends ObjectOf<typeof SecretKeySelector> {}

export const FileKeySelector = atomic(
  object("FileKeySelector", "", {
    volumeName: string(1, "").required().always(),
    path: string(2, "").required().always(),
    key: string(3, "").required().always(),
    optional: bool(4, "").default(false),
  }),
);
export interface FileKeySelector extends ObjectOf<typeof FileKeySelector> {}

export const NodeSelectorRequirement = object("NodeSelectorRequirement", "", {
  key: string(1, "").required().always(),
  operator: string(2, "").required().always().oneOf("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
  values: list(3, string, "").atomic(),
});
export interface NodeSelectorRequirement extends ObjectOf<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = atomic(
  object("NodeSelectorTerm", "", {
    matchExpressions: list(1, NodeSelectorRequirement, "").atomic(),
    matchFields: list(2, NodeSelectorRequirement, "").atomic(),
  }),
);
export interface NodeSelectorTerm extends ObjectOf<typeof NodeSelectorTerm> {}

export const NodeSelector = atomic(
  object("NodeSelector", "", {
    nodeSelectorTerms: list(1, NodeSelectorTerm, "").required().always().atomic(),
  }),
);
export interface NodeSelector extends ObjectOf<typeof NodeSelector> {}

export const TopologySelectorLabelRequirement = object("TopologySelectorLabelRequirement", "", {
  key: string(1, "").required().always(),
  values: list(2, string, "").required().always().atomic(),
});
export interface TopologySelectorLabelRequirement extends ObjectOf<typeof TopologySelectorLabelRequirement> {}

export const TopologySelectorTerm = atomic(
  object("TopologySelectorTerm", "", {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement, "").atomic(),
  }),
);
export interface TopologySelectorTerm extends ObjectOf<typeof TopologySelectorTerm> {}
