import { FieldSelectorRequirement, LabelSelectorRequirement } from "#kinds/meta/v1/labelselector.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const FieldSelectorAttributes = object("FieldSelectorAttributes", "A field selector as part of a question about access.", {
  rawSelector: string(1, "The selector as text, as in a request's query; excludes requirements."),
  requirements: list(2, FieldSelectorRequirement, "The selector in parts, all of which must hold; excludes rawSelector.").atomic(),
});
export interface FieldSelectorAttributes extends ObjectOf<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = object("LabelSelectorAttributes", "A label selector as part of a question about access.", {
  rawSelector: string(1, "The selector as text, as in a request's query; excludes requirements."),
  requirements: list(2, LabelSelectorRequirement, "The selector in parts, all of which must hold; excludes rawSelector.").atomic(),
});
export interface LabelSelectorAttributes extends ObjectOf<typeof LabelSelectorAttributes> {}

export const ResourceAttributes = object("ResourceAttributes", "An action on a resource of the API.", {
  namespace: string(1, "The namespace of the action; empty for all namespaces, or for resources that have none."),
  verb: string(2, "The action, such as get, list or create; * means any."),
  group: string(3, "The API group of the resource; * means any."),
  version: string(4, "The API version of the resource; * means any."),
  resource: string(5, "The resource's plural name; * means any."),
  subresource: string(6, "The part of the resource, such as status."),
  name: string(7, "The object's name; empty means all."),
  fieldSelector: FieldSelectorAttributes(8, "Narrows a list or watch by fields."),
  labelSelector: LabelSelectorAttributes(9, "Narrows a list or watch by labels."),
});
export interface ResourceAttributes extends ObjectOf<typeof ResourceAttributes> {}

export const NonResourceAttributes = object("NonResourceAttributes", "An action on a path that is no resource.", {
  path: string(1, "The path of the URL."),
  verb: string(2, "The HTTP method, in small letters."),
});
export interface NonResourceAttributes extends ObjectOf<typeof NonResourceAttributes> {}

export const SubjectAccessReviewStatus = object("SubjectAccessReviewStatus", "Whether the action is allowed.", {
  allowed: bool(1, "Whether some authorizer allows it.").required().always(),
  denied: bool(4, "Whether some authorizer forbids it expressly; never true together with allowed."),
  reason: string(2, "Why, as far as the authorizer says."),
  evaluationError: string(3, "What went wrong while the question was examined; the answer may hold all the same."),
});
export interface SubjectAccessReviewStatus extends ObjectOf<typeof SubjectAccessReviewStatus> {}
