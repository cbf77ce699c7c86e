/** Role-based access control as an authorizer. */
import type { Roles } from "#apiserver/auth/rbac/roles.ts";
import { allows } from "#apiserver/auth/rbac/rules.ts";
import type { Authorizer } from "#apiserver/call.ts";

export function rbac(roles: Roles): Authorizer {
  return {
    authorize(attributes) {
      const missing: string[] = [];
      for (const grant of roles.grantsOf(attributes.user, attributes.namespace, why => missing.push(why))) {
        for (const rule of grant.rules) {
          if (allows(rule, attributes)) return { decision: "allow", reason: `RBAC: allowed by ${grant.describe()}` };
        }
      }
      const unique = [...new Set(missing)];
      const reason = unique.length === 0 ? "" : `RBAC: ${unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`}`;
      return { decision: "none", reason };
    },
  };
}
