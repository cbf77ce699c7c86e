import assert from "node:assert/strict";
import { test } from "node:test";
import { Report } from "#base/fielderror.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";

function errors(check: (report: Report) => void): string[] {
  const report = new Report();
  check(report);
  return report.errors.map(e => `${e.field}: ${e.body}`);
}
const head = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "x", metadata: { name: "x" } };
const GROUP = "rbac.authorization.k8s.io";

test("names need only fit into a path", () => {
  assert.equal(Role.rules.nameProblem?.("system:node"), undefined);
  assert.equal(Role.rules.nameProblem?.("a/b"), "may not contain '/'");
});
test("rules", () => {
  const urls = { verbs: ["get"], nonResourceURLs: ["/a"] };
  assert.deepEqual(
    errors(r => Role.rules.validate?.({ ...head, rules: [urls, { verbs: [] }] }, r)),
    [
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
      "rules[1].verbs: Required value: verbs must contain at least one value",
      "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
      "rules[1].resources: Required value: resource rules must supply at least one resource",
    ],
  );
  assert.deepEqual(
    errors(r => ClusterRole.rules.validate?.({ ...head, rules: [urls, { ...urls, apiGroups: [""] }], aggregationRule: {} }, r)),
    [
      'rules[1].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
      "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
    ],
  );
});
test("bindings", () => {
  const binding = {
    ...head,
    roleRef: { apiGroup: "", kind: "ClusterRole", name: "view" },
    subjects: [
      { kind: "User", name: "jane" },
      { kind: "ServiceAccount", name: "sa" },
      { kind: "Robot", name: "r" },
    ],
  } as RoleBinding;
  RoleBinding.rules.defaults?.(binding);
  assert.equal(binding.roleRef.apiGroup, GROUP);
  assert.equal(binding.subjects?.[0]?.apiGroup, GROUP);
  const robot = 'subjects[2].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"';
  assert.deepEqual(
    errors(r => RoleBinding.rules.validate?.(binding, r)),
    [robot],
  );
  assert.deepEqual(
    errors(r => ClusterRoleBinding.rules.validate?.({ ...binding, roleRef: { ...binding.roleRef, kind: "Role" } }, r)),
    ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"', "subjects[1].namespace: Required value", robot],
  );
  assert.deepEqual(
    errors(r => RoleBinding.rules.validateUpdate?.({ ...binding, roleRef: { ...binding.roleRef, name: "edit" } }, binding, r)),
    ['roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}: cannot change roleRef'],
  );
});
