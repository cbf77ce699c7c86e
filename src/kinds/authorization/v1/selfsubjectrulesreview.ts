import { kind } from "#kinds/kind.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SelfSubjectRulesReviewSpec = object("SelfSubjectRulesReviewSpec", "", {
  namespace: string(1, ""),
});
export interface SelfSubjectRulesReviewSpec extends ObjectOf<typeof SelfSubjectRulesReviewSpec> {}

export const ResourceRule = object("ResourceRule", "", {
  verbs: list(1, string, "").required().always().atomic(),
  apiGroups: list(2, string, "").atomic(),
  resources: list(3, string, "").atomic(),
  resourceNames: list(4, string, "").atomic(),
});
export interface ResourceRule extends ObjectOf<typeof ResourceRule> {}

export const NonResourceRule = object("NonResourceRule", "", {
  verbs: list(1, string, "").required().always().atomic(),
  nonResourceURLs: list(2, string, "").atomic(),
});
export interface NonResourceRule extends ObjectOf<typeof NonResourceRule> {}

export const SubjectRulesReviewStatus = object("SubjectRulesReviewStatus", "", {
  resourceRules: list(1, ResourceRule, "").required().always().atomic(),
  nonResourceRules: list(2, NonResourceRule, "").required().always().atomic(),
  incomplete: bool(3, "").required().always(),
  evaluationError: string(4, ""),
});
export interface SubjectRulesReviewStatus extends ObjectOf<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    namespaced: false,
    doc: "",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SelfSubjectRulesReviewSpec(2, "").required().always(),
      status: SubjectRulesReviewStatus(3, "").always(),
    },
  },
  { verbs: ["create"], ephemeral: true },
);
export interface SelfSubjectRulesReview extends ObjectOf<typeof SelfSubjectRulesReview> {}
