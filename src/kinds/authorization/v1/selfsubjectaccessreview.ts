import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import { validateAttributes } from "#kinds/authorization/v1/validation.ts";
import { kind } from "#kinds/kind.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SelfSubjectAccessReviewSpec = object("SelfSubjectAccessReviewSpec", "What the caller wants to do: one of the two forms.", {
  resourceAttributes: ResourceAttributes(1, "An action on a resource."),
  nonResourceAttributes: NonResourceAttributes(2, "An action on a path that is no resource."),
});
export interface SelfSubjectAccessReviewSpec extends ObjectOf<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    namespaced: false,
    doc: "Asks whether the caller may do something.",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SelfSubjectAccessReviewSpec(2, "What the caller wants to do.").required().always(),
      status: SubjectAccessReviewStatus(3, "The answer; filled in by the server.").always(),
    },
  },
  { verbs: ["create"], ephemeral: true, rules: { validate: ({ spec }, report) => validateAttributes(spec, report) } },
);
export interface SelfSubjectAccessReview extends ObjectOf<typeof SelfSubjectAccessReview> {}
