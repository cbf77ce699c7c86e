import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import { validateAttributes } from "#kinds/authorization/v1/validation.ts";
import { kind } from "#kinds/kind.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SelfSubjectAccessReviewSpec = object("SelfSubjectAccessReviewSpec", "", {
  resourceAttributes: ResourceAttributes(1, ""),
  nonResourceAttributes: NonResourceAttributes(2, ""),
});
export interface SelfSubjectAccessReviewSpec extends ObjectOf<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    namespaced: false,
    doc: "",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SelfSubjectAccessReviewSpec(2, "").required().always(),
      status: SubjectAccessReviewStatus(3, "").always(),
    },
  },
  { verbs: ["create"], ephemeral: true, rules: { validate: ({ spec }, report) => validateAttributes(spec, report) } },
);
export interface SelfSubjectAccessReview extends ObjectOf<typeof SelfSubjectAccessReview> {}
