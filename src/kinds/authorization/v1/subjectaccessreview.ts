import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import { validateSubjectReview } from "#kinds/authorization/v1/validation.ts";
import { kind } from "#kinds/kind.ts";
import { list, listOf, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SubjectAccessReviewSpec = object("SubjectAccessReviewSpec", "", {
  resourceAttributes: ResourceAttributes(1, ""),
  nonResourceAttributes: NonResourceAttributes(2, ""),
  user: string(3, ""),
  groups: list(4, string, "").atomic(),
  extra: map(5, listOf(string), ""),
  uid: string(6, ""),
});
export interface SubjectAccessReviewSpec extends ObjectOf<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    namespaced: false,
    doc: "",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SubjectAccessReviewSpec(2, "").required().always(),
      status: SubjectAccessReviewStatus(3, "").always(),
    },
  },
  { verbs: ["create"], ephemeral: true, rules: { validate: ({ spec }, report) => validateSubjectReview(spec, report) } },
);
export interface SubjectAccessReview extends ObjectOf<typeof SubjectAccessReview> {}
