/** What a rule of a role allows (rbac.authorization.k8s.io/v1 PolicyRule). */
import type { Attributes } from "#apiserver/call.ts";
import type { PolicyRule } from "#kinds/rbac/v1/rules.ts";

export const RBAC_GROUP = "rbac.authorization.k8s.io";

/** Whether the rule allows the request. */
export function allows(rule: PolicyRule, a: Attributes): boolean {
  if (!covers(rule.verbs, a.verb)) return false;
  if (!a.isResource) return rule.nonResourceURLs?.some(u => urlMatches(u, a.path)) ?? false;
  return (
    covers(rule.apiGroups, a.group) &&
    resourceMatches(rule.resources, a.resource, a.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(a.name))
  );
}

function covers(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes("*"));
}
// A rule names "pods", "pods/log", "*/scale" or "*" (which means subresources as well).
function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (list === undefined) return false;
  for (const r of list) {
    if (r === "*") return true;
    if (subresource ? r === `${resource}/${subresource}` || r === `*/${subresource}` : r === resource) return true;
  }
  return false;
}
/** "*" and a prefix that ends with "*" match more than themselves. */
export function urlMatches(rule: string, path: string): boolean {
  return rule === "*" || rule === path || (rule.endsWith("*") && path.startsWith(rule.replace(/\*+$/, "")));
}
