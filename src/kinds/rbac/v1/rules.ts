import { atomic, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.rbac.v1");

export const PolicyRule = object("PolicyRule", "A right: what may be done with what.", {
  verbs: list(1, string, "What may be done; * means everything.").required().always().atomic(),
  apiGroups: list(2, string, "In which API groups; empty text is the core group, * means all.").atomic(),
  resources: list(3, string, "With which resources; * means all.").atomic(),
  resourceNames: list(4, string, "With which objects by name; all if empty.").atomic(),
  nonResourceURLs: list(5, string, "On which paths that are no resources; only in cluster roles.").atomic(),
});
export interface PolicyRule extends ObjectOf<typeof PolicyRule> {}

export const Subject = atomic(
  object("Subject", "A user, a group or a service account.", {
    kind: string(1, "User, Group or ServiceAccount.").required().always(),
    apiGroup: string(2, "The API group of the subject; empty for service accounts."),
    name: string(3, "The subject's name.").required().always(),
    namespace: string(4, "The namespace of a service account."),
  }),
);
export interface Subject extends ObjectOf<typeof Subject> {}

export const RoleRef = atomic(
  object("RoleRef", "Names a role.", {
    apiGroup: string(1, "The API group of the role.").always(),
    kind: string(2, "Role or ClusterRole.").required().always(),
    name: string(3, "The role's name.").required().always(),
  }),
);
export interface RoleRef extends ObjectOf<typeof RoleRef> {}
