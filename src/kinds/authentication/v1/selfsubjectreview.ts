import { UserInfo } from "#kinds/authentication/v1/userinfo.ts";
import { kind } from "#kinds/kind.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const SelfSubjectReviewStatus = object("SelfSubjectReviewStatus", "Who the server takes the caller for.", {
  userInfo: UserInfo(1, "The caller's name, groups and other attributes.").always(),
});
export interface SelfSubjectReviewStatus extends ObjectOf<typeof SelfSubjectReviewStatus> {}

export const SelfSubjectReview = kind(
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    namespaced: false,
    doc: "Asks the server who it takes the caller for.",
    home: "io.k8s.api.authentication.v1",
    fields: {
      status: SelfSubjectReviewStatus(2, "The answer.").always(),
    },
  },
  { verbs: ["create"], ephemeral: true },
);
export interface SelfSubjectReview extends ObjectOf<typeof SelfSubjectReview> {}
