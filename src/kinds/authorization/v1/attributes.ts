import { FieldSelectorRequirement, LabelSelectorRequirement } from "#kinds/meta/v1/labelselector.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const FieldSelectorAttributes = object("FieldSelectorAttributes", "", {
  rawSelector: string(1, ""),
  requirements: list(2, FieldSelectorRequirement, "").atomic(),
});
export interface FieldSelectorAttributes extends ObjectOf<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = object("LabelSelectorAttributes", "", {
  rawSelector: string(1, ""),
  requirements: list(2, LabelSelectorRequirement, "").atomic(),
});
export interface LabelSelectorAttributes extends ObjectOf<typeof LabelSelectorAttributes> {}

export const ResourceAttributes = object("ResourceAttributes", "", {
  namespace: string(1, ""),
  verb: string(2, ""),
  group: string(3, ""),
  version: string(4, ""),
  resource: string(5, ""),
  subresource: string(6, ""),
  name: string(7, ""),
  fieldSelector: FieldSelectorAttributes(8, ""),
  labelSelector: LabelSelectorAttributes(9, ""),
});
export interface ResourceAttributes extends ObjectOf<typeof ResourceAttributes> {}

export const NonResourceAttributes = object("NonResourceAttributes", "", {
  path: string(1, ""),
  verb: string(2, ""),
});
export interface NonResourceAttributes extends ObjectOf<typeof NonResourceAttributes> {}

export const SubjectAccessReviewStatus = object("SubjectAccessReviewStatus", "", {
  allowed: bool(1, "").required().always(),
  denied: bool(4, ""),
  reason: string(2, ""),
  evaluationError: string(3, ""),
});
export interface SubjectAccessReviewStatus extends ObjectOf<typeof SubjectAccessReviewStatus> {}
