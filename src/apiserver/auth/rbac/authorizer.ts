/** Role-based access control as an authorizer. */
import type { Roles } from "#apiserver/auth/rbac/roles.ts";
import { allows } from "#apiserver/auth/rbac/rules.ts";
import type { Authorizer } from "#apiserver/call.ts";
import type { PolicyRule } from "#kinds/rbac/v1/rules.ts";

export function rbac(roles: Roles): Authorizer {
  return {
    authorize(attributes) {
      const missing: string[] = [];
      const suffice = (rules: readonly PolicyRule[]) => rules.some(rule => allows(rule, attributes));
      const grant = roles.grantOf(attributes.user, attributes.namespace, suffice, why => missing.push(why));
      if (grant) return { decision: "allow", reason: `RBAC: allowed by ${grant.describe()}` };
      const unique = [...new Set(missing)];
      const reason = unique.length === 0 ? "" : `RBAC: ${unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`}`;
      return { decision: "none", reason };
    },
  };
}
