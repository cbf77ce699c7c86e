/** What roles and bindings must look like, and what is filled in (upstream's pkg/apis/rbac). */
import { type Path, type Report, root } from "#base/fielderror.ts";
import { dnsSubdomainProblems, pathSegmentProblems } from "#base/names.ts";
import type { PolicyRule, RoleRef, Subject } from "#kinds/rbac/v1/rules.ts";

const GROUP = "rbac.authorization.k8s.io";

/** RBAC's names need only fit into a path: "system:node" is one. */
export function rbacNameProblem(name: string): string | undefined {
  return pathSegmentProblems(name)[0];
}

export function validateRules(rules: readonly PolicyRule[] | undefined, namespaced: boolean, report: Report): void {
  for (const [i, rule] of (rules ?? []).entries()) validateRule(rule, namespaced, root.child("rules").index(i), report);
}
function validateRule(rule: PolicyRule, namespaced: boolean, at: Path, report: Report): void {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  if (!verbs?.length) report.required(at.child("verbs"), "verbs must contain at least one value");
  if (nonResourceURLs?.length) {
    const urls = at.child("nonResourceURLs");
    if (namespaced) report.invalid(urls, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (apiGroups?.length || resources?.length || resourceNames?.length) {
      report.invalid(urls, nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (!apiGroups?.length) report.required(at.child("apiGroups"), "resource rules must supply at least one api group");
  if (!resources?.length) report.required(at.child("resources"), "resource rules must supply at least one resource");
}

export function validateAggregation(rule: { clusterRoleSelectors?: readonly unknown[] } | undefined, report: Report): void {
  if (rule === undefined || rule.clusterRoleSelectors?.length) return;
  const at = root.child("aggregationRule", "clusterRoleSelectors");
  report.required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil");
}

interface Binding {
  subjects?: Subject[];
  roleRef: RoleRef;
}
export function defaultBinding({ subjects, roleRef }: Binding): void {
  roleRef.apiGroup ||= GROUP;
  for (const s of subjects ?? []) if ((s.kind === "User" || s.kind === "Group") && !s.apiGroup) s.apiGroup = GROUP;
}
export function validateBinding({ subjects, roleRef }: Binding, namespaced: boolean, report: Report): void {
  const at = root.child("roleRef");
  if (roleRef.apiGroup !== GROUP) report.notSupported(at.child("apiGroup"), roleRef.apiGroup, [GROUP]);
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(roleRef.kind)) report.notSupported(at.child("kind"), roleRef.kind, kinds);
  if (!roleRef.name) report.required(at.child("name"));
  else for (const problem of pathSegmentProblems(roleRef.name)) report.invalid(at.child("name"), roleRef.name, problem);
  for (const [i, s] of (subjects ?? []).entries()) validateSubject(s, namespaced, root.child("subjects").index(i), report);
}
function validateSubject({ kind, name, apiGroup = "", namespace }: Subject, namespaced: boolean, at: Path, report: Report): void {
  if (!name) report.required(at.child("name"));
  if (kind === "ServiceAccount") {
    if (name) for (const problem of dnsSubdomainProblems(name)) report.invalid(at.child("name"), name, problem);
    if (apiGroup) report.notSupported(at.child("apiGroup"), apiGroup, [""]);
    if (!namespaced && !namespace) report.required(at.child("namespace"));
  } else if (kind === "User" || kind === "Group") {
    if (apiGroup !== GROUP) report.notSupported(at.child("apiGroup"), apiGroup, [GROUP]);
  } else {
    report.notSupported(at.child("kind"), kind, ["ServiceAccount", "User", "Group"]);
  }
}
/** A binding keeps its role: who could change it would grant more than they gave away. */
export function validateBindingUpdate(now: Binding, old: Binding, report: Report): void {
  const [a, b] = [now.roleRef, old.roleRef];
  if (a.apiGroup !== b.apiGroup || a.kind !== b.kind || a.name !== b.name)
    report.invalid(root.child("roleRef"), a, "cannot change roleRef");
}
