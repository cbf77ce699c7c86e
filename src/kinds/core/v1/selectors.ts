import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { atomic, bool, embed, list, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ObjectFieldSelector = atomic(
  object("ObjectFieldSelector", "Picks a field of the pod.", {
    apiVersion: string(1, "The version in which the path is written; v1 unless stated."),
    fieldPath: string(2, "The field, such as metadata.labels['app'].").required().always(),
  }),
);
export interface ObjectFieldSelector extends ObjectOf<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = atomic(
  object("ResourceFieldSelector", "Picks a request or limit of a container.", {
    containerName: string(1, "The container; needed in volumes."),
    resource: string(2, "What is picked, such as limits.cpu.").required().always(),
    divisor: quantity(3, "The unit in which it is given; 1 unless stated."),
  }),
);
export interface ResourceFieldSelector extends ObjectOf<typeof ResourceFieldSelector> {}

export const ConfigMapKeySelector = atomic(
  object(
    "ConfigMapKeySelector",
    "Picks a key of a config map.",
    {
      key: string(2, "The key.").required().always(),
      optional: bool(3, "Whether the config map or the key may be missing."),
    },
    embed(1, LocalObjectReference),
  ),
);
export interface ConfigMapKeySelector extends ObjectOf<typeof ConfigMapKeySelector> {}

export const SecretKeySelector = atomic(
  object(
    "SecretKeySelector",
    "Picks a key of a secret.",
    {
      key: string(2, "The key.").required().always(),
      optional: bool(3, "Whether the secret or the key may be missing."),
    },
    embed(1, LocalObjectReference),
  ),
);
export interface SecretKeySelector extends ObjectOf<typeof SecretKeySelector> {}

export const FileKeySelector = atomic(
  object("FileKeySelector", "Picks a variable out of a file.", {
    volumeName: string(1, "The volume with the file.").required().always(),
    path: string(2, "The file's path in the volume.").required().always(),
    key: string(3, "The variable's name in the file.").required().always(),
    optional: bool(4, "Whether the file or the key may be missing.").default(false),
  }),
);
export interface FileKeySelector extends ObjectOf<typeof FileKeySelector> {}

export const NodeSelectorRequirement = object("NodeSelectorRequirement", "A demand on a node's labels or fields.", {
  key: string(1, "The label.").required().always(),
  operator: string(2, "In, NotIn, Exists, DoesNotExist, Gt or Lt.")
    .required()
    .always()
    .oneOf("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
  values: list(3, string, "The values: some for In and NotIn, none for Exists and DoesNotExist, one integer for Gt and Lt.").atomic(),
});
export interface NodeSelectorRequirement extends ObjectOf<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = atomic(
  object("NodeSelectorTerm", "Demands that must all hold; an empty term matches no node.", {
    matchExpressions: list(1, NodeSelectorRequirement, "Demands on labels.").atomic(),
    matchFields: list(2, NodeSelectorRequirement, "Demands on fields; metadata.name is the only one.").atomic(),
  }),
);
export interface NodeSelectorTerm extends ObjectOf<typeof NodeSelectorTerm> {}

export const NodeSelector = atomic(
  object("NodeSelector", "Terms one of which must hold.", {
    nodeSelectorTerms: list(1, NodeSelectorTerm, "The terms.").required().always().atomic(),
  }),
);
export interface NodeSelector extends ObjectOf<typeof NodeSelector> {}

export const TopologySelectorLabelRequirement = object("TopologySelectorLabelRequirement", "A demand on a place.", {
  key: string(1, "The label.").required().always(),
  values: list(2, string, "The values, one of which must be there.").required().always().atomic(),
});
export interface TopologySelectorLabelRequirement extends ObjectOf<typeof TopologySelectorLabelRequirement> {}

export const TopologySelectorTerm = atomic(
  object("TopologySelectorTerm", "Demands on a place that must all hold.", {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement, "The demands.").atomic(),
  }),
);
export interface TopologySelectorTerm extends ObjectOf<typeof TopologySelectorTerm> {}
