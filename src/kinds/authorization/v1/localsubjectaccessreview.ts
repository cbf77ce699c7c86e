import { SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import { SubjectAccessReviewSpec } from "#kinds/authorization/v1/subjectaccessreview.ts";
import { validateLocalReview } from "#kinds/authorization/v1/validation.ts";
import { kind } from "#kinds/kind.ts";
import type { ObjectOf } from "#schema/notation.ts";

export const LocalSubjectAccessReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "LocalSubjectAccessReview",
    plural: "localsubjectaccessreviews",
    namespaced: true,
    doc: "Asks whether a user may do something within one namespace.",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SubjectAccessReviewSpec(2, "Who wants to do what; its namespace must be this object's.").required().always(),
      status: SubjectAccessReviewStatus(3, "The answer; filled in by the server.").always(),
    },
  },
  {
    verbs: ["create"],
    ephemeral: true,
    rules: { validate: ({ metadata, spec }, report) => validateLocalReview(spec, metadata.namespace ?? "", report) },
  },
);
export interface LocalSubjectAccessReview extends ObjectOf<typeof LocalSubjectAccessReview> {}
