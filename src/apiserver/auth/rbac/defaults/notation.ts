/** A short way to write the default roles: words separated by blanks; the group "core" is the one without a name. */
import { RBAC_GROUP } from "#apiserver/auth/rbac/rules.ts";
import { apiVersionOf } from "#kinds/kind.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";
import type { PolicyRule, Subject } from "#kinds/rbac/v1/rules.ts";

const words = (text: string) => text.split(" ");

/** `rule("get list", "core apps", "pods deployments/scale", "names")` */
export function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(g => (g === "core" ? "" : g)),
    resources: words(resources),
    ...(names && { resourceNames: words(names) }),
  };
}
export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

export const READ = "get list watch";
export const WRITE = "create delete deletecollection patch update";
export const READ_WRITE = "create delete deletecollection get list patch update watch";
export const eventsRule: PolicyRule = rule("create patch update", "core events.k8s.io", "events");

/** Objects with this annotation are kept as they are written here; "false" leaves them to the administrator. */
export const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";
function metadata(name: string, labels: Record<string, string> = {}, namespace?: string) {
  return {
    name,
    ...(namespace && { namespace }),
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { [AUTO_UPDATE]: "true" },
  };
}

export function clusterRole(name: string, rules: PolicyRule[], labels?: Record<string, string>): ClusterRole {
  return { apiVersion: apiVersionOf(ClusterRole), kind: ClusterRole.kind, metadata: metadata(name, labels), rules };
}
const AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";
/** The label that makes a role part of `role`. */
export const partOf = (role: string): Record<string, string> => ({ [AGGREGATE + role]: "true" });
/** A role that gathers those labelled as part of it. */
export function gathering(name: string, labels?: Record<string, string>): ClusterRole {
  return { ...clusterRole(name, [], labels), aggregationRule: { clusterRoleSelectors: [{ matchLabels: partOf(name) }] } };
}
export function role(namespace: string, name: string, rules: PolicyRule[]): Role {
  return { apiVersion: apiVersionOf(Role), kind: Role.kind, metadata: metadata(name, {}, namespace), rules };
}

/** `User x`, `Group x` or `ServiceAccount namespace/name`. */
export function subject(text: string): Subject {
  const [kind = "", name = ""] = words(text);
  if (kind !== "ServiceAccount") return { kind, apiGroup: RBAC_GROUP, name };
  const [namespace, account = ""] = name.split("/");
  return { kind, name: account, namespace };
}
export function clusterBinding(name: string, ...subjects: string[]): ClusterRoleBinding {
  return {
    apiVersion: apiVersionOf(ClusterRoleBinding),
    kind: ClusterRoleBinding.kind,
    metadata: metadata(name),
    ...(subjects.length > 0 && { subjects: subjects.map(subject) }),
    roleRef: { apiGroup: RBAC_GROUP, kind: ClusterRole.kind, name },
  };
}
export function binding(namespace: string, name: string, to: string, ...subjects: string[]): RoleBinding {
  return {
    apiVersion: apiVersionOf(RoleBinding),
    kind: RoleBinding.kind,
    metadata: metadata(name, {}, namespace),
    subjects: subjects.map(subject),
    roleRef: { apiGroup: RBAC_GROUP, kind: Role.kind, name: to },
  };
}
