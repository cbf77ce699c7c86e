import { atomic, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const LabelSelectorRequirement = object("LabelSelectorRequirement", "A demand on a label.", {
  key: string(1, "The label.").required().always(),
  operator: string(2, "In, NotIn, Exists or DoesNotExist.").required().always(),
  values: list(3, string, "The values: some for In and NotIn, none for the others.").atomic(),
});
export interface LabelSelectorRequirement extends ObjectOf<typeof LabelSelectorRequirement> {}

export const LabelSelector = atomic(
  object("LabelSelector", "Picks objects by their labels; all demands must hold. An empty one picks all, none at all picks nothing.", {
    matchLabels: map(1, string, "Labels with the values that they must have."),
    matchExpressions: list(2, LabelSelectorRequirement, "Further demands on labels.").atomic(),
  }),
);
export interface LabelSelector extends ObjectOf<typeof LabelSelector> {}

export const FieldSelectorRequirement = object("FieldSelectorRequirement", "A demand on a field.", {
  key: string(1, "The field.").required().always(),
  operator: string(2, "In, NotIn, Exists or DoesNotExist.").required().always(),
  values: list(3, string, "The values: some for In and NotIn, none for the others.").atomic(),
});
export interface FieldSelectorRequirement extends ObjectOf<typeof FieldSelectorRequirement> {}
