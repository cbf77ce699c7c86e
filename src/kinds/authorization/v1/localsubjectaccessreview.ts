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
    doc: "",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SubjectAccessReviewSpec(2, "").required().always(),
      status: SubjectAccessReviewStatus(3, "").always(),
    },
  },
  {
    verbs: ["create"],
    ephemeral: true,
    rules: { validate: ({ metadata, spec }, report) => validateLocalReview(spec, metadata.namespace ?? "", report) },
  },
);
export interface LocalSubjectAccessReview extends ObjectOf<typeof LocalSubjectAccessReview> {}
