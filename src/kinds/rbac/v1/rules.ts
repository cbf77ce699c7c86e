import { atomic, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.rbac.v1");

export const PolicyRule = object("PolicyRule", "", {
  verbs: list(1, string, "").required().always().atomic(),
  apiGroups: list(2, string, "").atomic(),
  resources: list(3, string, "").atomic(),
  resourceNames: list(4, string, "").atomic(),
  nonResourceURLs: list(5, string, "").atomic(),
});
export interface PolicyRule extends ObjectOf<typeof PolicyRule> {}

export const Subject = atomic(
  object("Subject", "", {
    kind: string(1, "").required().always(),
    apiGroup: string(2, ""),
    name: string(3, "").required().always(),
    namespace: string(4, ""),
  }),
);
export interface Subject extends ObjectOf<typeof Subject> {}

export const RoleRef = atomic(
  object("RoleRef", "", {
    apiGroup: string(1, "").always(),
    kind: string(2, "").required().always(),
    name: string(3, "").required().always(),
  }),
);
export interface RoleRef extends ObjectOf<typeof RoleRef> {}
