import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import { validateSubjectReview } from "#kinds/authorization/v1/validation.ts";
import { kind } from "#kinds/kind.ts";
import { list, listOf, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SubjectAccessReviewSpec = object("SubjectAccessReviewSpec", "Who wants to do what.", {
  resourceAttributes: ResourceAttributes(1, "An action on a resource; excludes nonResourceAttributes."),
  nonResourceAttributes: NonResourceAttributes(2, "An action on a path that is no resource; excludes resourceAttributes."),
  user: string(3, "The user in question."),
  groups: list(4, string, "The groups that the user is in.").atomic(),
  extra: map(5, listOf(string), "More attributes of the user."),
  uid: string(6, "The user's uid."),
});
export interface SubjectAccessReviewSpec extends ObjectOf<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    namespaced: false,
    doc: "Asks whether a user may do something.",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SubjectAccessReviewSpec(2, "Who wants to do what.").required().always(),
      status: SubjectAccessReviewStatus(3, "The answer; filled in by the server.").always(),
    },
  },
  { verbs: ["create"], ephemeral: true, rules: { validate: ({ spec }, report) => validateSubjectReview(spec, report) } },
);
export interface SubjectAccessReview extends ObjectOf<typeof SubjectAccessReview> {}
