import { kind } from "#kinds/kind.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authorization.v1");

export const SelfSubjectRulesReviewSpec = object("SelfSubjectRulesReviewSpec", "Where the caller's rights are asked for.", {
  namespace: string(1, "The namespace that the list is made for."),
});
export interface SelfSubjectRulesReviewSpec extends ObjectOf<typeof SelfSubjectRulesReviewSpec> {}

export const ResourceRule = object("ResourceRule", "A right on resources of the API.", {
  verbs: list(1, string, "What may be done; * means everything.").required().always().atomic(),
  apiGroups: list(2, string, "In which API groups; * means all.").atomic(),
  resources: list(3, string, "On which resources; * means all.").atomic(),
  resourceNames: list(4, string, "On which objects by name; empty means all.").atomic(),
});
export interface ResourceRule extends ObjectOf<typeof ResourceRule> {}

export const NonResourceRule = object("NonResourceRule", "A right on paths that are no resources.", {
  verbs: list(1, string, "Which HTTP methods; * means all.").required().always().atomic(),
  nonResourceURLs: list(2, string, "Which paths; * may stand alone or at the end.").atomic(),
});
export interface NonResourceRule extends ObjectOf<typeof NonResourceRule> {}

export const SubjectRulesReviewStatus = object("SubjectRulesReviewStatus", "What the caller may do.", {
  resourceRules: list(1, ResourceRule, "Rights on resources, in no particular order.").required().always().atomic(),
  nonResourceRules: list(2, NonResourceRule, "Rights on other paths, in no particular order.").required().always().atomic(),
  incomplete: bool(3, "Whether rights may be missing from the lists, as when an authorizer cannot list them.").required().always(),
  evaluationError: string(4, "What went wrong while the lists were made."),
});
export interface SubjectRulesReviewStatus extends ObjectOf<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = kind(
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    namespaced: false,
    doc: "Lists what the caller may do in a namespace. Good for showing menus, not for deciding.",
    home: "io.k8s.api.authorization.v1",
    fields: {
      spec: SelfSubjectRulesReviewSpec(2, "Where the rights are asked for.").required().always(),
      status: SubjectRulesReviewStatus(3, "The lists; filled in by the server.").always(),
    },
  },
  { verbs: ["create"], ephemeral: true },
);
export interface SelfSubjectRulesReview extends ObjectOf<typeof SelfSubjectRulesReview> {}
