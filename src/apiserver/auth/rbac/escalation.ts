/** Nobody may grant what they do not hold themselves, unless they may `escalate` or `bind` (upstream's policy-based RBAC registry). */

import { uncovered, worded } from "#apiserver/auth/rbac/cover.ts";
import type { Roles } from "#apiserver/auth/rbac/roles.ts";
import { RBAC_GROUP } from "#apiserver/auth/rbac/rules.ts";
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Admission, AdmissionPlugin, Attributes, Authorizer } from "#apiserver/call.ts";
import { forbidden, notFound } from "#base/status.ts";
import { resourceOf } from "#kinds/kind.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";
import type { PolicyRule } from "#kinds/rbac/v1/rules.ts";

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

/** Looks at each role and binding before it is written; throws 403 with the rules that are missing. */
export function rbacEscalation(roles: Roles, authorizer: Authorizer): AdmissionPlugin {
  const may = async (a: Admission, verb: string, resource: string, name: string) => {
    const attributes: Attributes = {
      user: a.user,
      verb,
      isResource: true,
      path: "",
      group: RBAC_GROUP,
      version: "v1",
      resource,
      subresource: "",
      namespace: a.namespace,
      name,
    };
    return (await authorizer.authorize(attributes)).decision === "allow";
  };
  const confirm = (a: Admission, rules: readonly PolicyRule[]) => {
    const problems: string[] = [];
    const held = roles.rulesOf(a.user, a.namespace, why => problems.push(why));
    const missing = uncovered(held, rules);
    if (missing.length === 0) return;
    const groups = `[${a.user.groups.map(g => JSON.stringify(g)).join(" ")}]`;
    const sentence = `user ${JSON.stringify(a.user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${worded(missing).join("\n")}`;
    throw forbidden(resourceOf(a.kind), a.name, problems.length ? `${sentence}; resolution errors: [${problems.join(", ")}]` : sentence);
  };
  const role = async (a: Admission) => {
    const [now, old] = [a.object, a.old] as (ClusterRole | undefined)[];
    const aggregates = (r: ClusterRole | undefined) => (r?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;
    if (old && same(old.rules, now?.rules) && same(old.aggregationRule, now?.aggregationRule)) return;
    if (await may(a, "escalate", a.kind.plural, a.operation === "CREATE" ? "" : a.name)) return;
    confirm(a, now?.rules ?? []);
    if (!aggregates(now) && !aggregates(old)) return;
    if (uncovered(roles.rulesOf(a.user, a.namespace), EVERYTHING).length > 0) {
      throw forbidden(resourceOf(a.kind), a.name, "must have cluster-admin privileges to use the aggregationRule");
    }
  };
  const binding = async (a: Admission) => {
    const [now, old] = [a.object, a.old] as (RoleBinding | undefined)[];
    if (!now || (old && same(old.roleRef, now.roleRef) && same(old.subjects, now.subjects))) return;
    const { kind, name } = now.roleRef;
    const resource = kind === "ClusterRole" ? "clusterroles" : "roles";
    if (await may(a, "bind", resource, name)) return;
    const rules = roles.referred(now.roleRef, a.namespace);
    if (rules === undefined) throw notFound({ group: RBAC_GROUP, resource }, name);
    confirm(a, rules);
  };
  return {
    name: "RBACEscalation",
    kinds: [Role, ClusterRole, RoleBinding, ClusterRoleBinding],
    validate(a) {
      if (a.kind.group !== RBAC_GROUP || (a.operation !== "CREATE" && a.operation !== "UPDATE")) return;
      if (a.user.groups.includes(MASTERS)) return;
      return a.kind.kind === "Role" || a.kind.kind === "ClusterRole" ? role(a) : binding(a);
    },
  };
}
const same = (a: unknown, b: unknown) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
