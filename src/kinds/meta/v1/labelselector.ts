import { atomic, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const LabelSelectorRequirement = object("LabelSelectorRequirement", "", {
  key: string(1, "").required().always(),
  operator: string(2, "").required().always(),
  values: list(3, string, "").atomic(),
});
export interface LabelSelectorRequirement extends ObjectOf<typeof LabelSelectorRequirement> {}

export const LabelSelector = atomic(
  object("LabelSelector", "", {
    matchLabels: map(1, string, ""),
    matchExpressions: list(2, LabelSelectorRequirement, "").atomic(),
  }),
);
export interface LabelSelector extends ObjectOf<typeof LabelSelector> {}

export const FieldSelectorRequirement = object("FieldSelectorRequirement", "", {
  key: string(1, "").required().always(),
  operator: string(2, "").required().always(),
  values: list(3, string, "").atomic(),
});
export interface FieldSelectorRequirement extends ObjectOf<typeof FieldSelectorRequirement> {}
