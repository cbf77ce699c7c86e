import assert from "node:assert/strict";
import { test } from "node:test";
import { rbac } from "#apiserver/auth/rbac/authorizer.ts";
import { dueDefaults } from "#apiserver/auth/rbac/bootstrap.ts";
import { AUTO_UPDATE, binding, clusterBinding, clusterRole, role, rule, subject } from "#apiserver/auth/rbac/defaults/notation.ts";
import { rbacEscalation } from "#apiserver/auth/rbac/escalation.ts";
import { Roles } from "#apiserver/auth/rbac/roles.ts";
import { attributes, objectsInMemory, statusOf } from "#apiserver/auth/testing.ts";
import { privileged, union } from "#apiserver/auth/union.ts";
import type { Admission } from "#apiserver/call.ts";
import type { Identity } from "#base/http.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";

function setting() {
  const objects = objectsInMemory();
  const writeDefaults = () => {
    for (const { kind, object } of dueDefaults(objects)) objects.put(kind, structuredClone(object));
  };
  writeDefaults();
  const roles = new Roles(objects);
  const authorizer = union([privileged, rbac(roles)]);
  const can = async (user: Identity, verb: string, resource: string, more = {}) =>
    (await authorizer.authorize(attributes(user, verb, resource, more))).decision === "allow";
  return { objects, roles, authorizer, can, writeDefaults };
}
const user = (name: string, ...groups: string[]): Identity => ({ name, groups: [...groups, "system:authenticated"] });
const jane = user("jane");
const joe = user("joe");
const bindingTo = (name: string): RoleBinding => ({ ...binding("ns", "d", "x", "User joe"), roleRef: ref(name) });
const clusterBindingTo = (name: string): ClusterRoleBinding => ({ ...clusterBinding("b", "User jane"), roleRef: ref(name) });

test("roles apply where they are bound, to users, groups and accounts", async () => {
  const { objects, can, authorizer } = setting();
  objects.put(RoleBinding, { ...binding("ns", "b", "x", "User jane", "Group dev", "ServiceAccount ns/sa"), roleRef: ref("view") });
  assert.equal(await can(jane, "list", "pods", { namespace: "ns" }), true);
  assert.equal(await can(jane, "list", "pods", { namespace: "other" }), false);
  assert.equal(await can(jane, "list", "pods"), false);
  assert.equal(await can(jane, "delete", "pods", { namespace: "ns" }), false);
  assert.equal(await can(jane, "list", "secrets", { namespace: "ns" }), false);
  assert.equal(await can(user("a", "dev"), "get", "pods/log", { namespace: "ns" }), true);
  assert.equal(await can(user("system:serviceaccount:ns:sa"), "get", "apps:deployments", { namespace: "ns" }), true);
  const { reason } = await authorizer.authorize(attributes(jane, "list", "pods", { namespace: "ns" }));
  assert.equal(reason, 'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "view" to User "jane"');
  objects.put(RoleBinding, { ...binding("ns", "b", "x", "User bob"), roleRef: ref("view") });
  assert.equal(await can(jane, "list", "pods", { namespace: "ns" }), false);
  assert.equal(await can(user("bob"), "list", "pods", { namespace: "ns" }), true);
  objects.remove(RoleBinding, "b", "ns");
  assert.equal(await can(user("bob"), "list", "pods", { namespace: "ns" }), false);
});
const ref = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name });

test("resource names, subresources, wildcards and URLs", async () => {
  const { objects, can } = setting();
  objects.put(
    ClusterRole,
    clusterRole("r", [rule("get", "core", "configmaps", "one two"), rule("update", "*", "*/scale"), rule("*", "apps", "*")]),
  );
  objects.put(ClusterRole, { ...clusterRole("u", []), rules: [{ verbs: ["get"], nonResourceURLs: ["/metrics", "/logs/*"] }] });
  objects.put(ClusterRoleBinding, clusterBinding("r", "User jane"));
  objects.put(ClusterRoleBinding, clusterBinding("u", "User jane"));
  assert.equal(await can(jane, "get", "configmaps", { name: "one" }), true);
  assert.equal(await can(jane, "get", "configmaps", { name: "three" }), false);
  assert.equal(await can(jane, "get", "configmaps"), false);
  assert.equal(await can(jane, "update", "x:things/scale"), true);
  assert.equal(await can(jane, "update", "x:things"), false);
  assert.equal(await can(jane, "delete", "apps:deployments/status"), true);
  const url = (path: string) => can(jane, "get", "", { isResource: false, path });
  assert.deepEqual(await Promise.all(["/metrics", "/metrics/x", "/logs/a", "/logs", "/api", "/version", "/secret"].map(url)), [
    true,
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
});
test("a role that is missing is named in the reason", async () => {
  const { objects, authorizer } = setting();
  objects.put(ClusterRoleBinding, clusterBinding("gone", "User jane"));
  const { decision, reason } = await authorizer.authorize(attributes(jane, "list", "pods"));
  assert.equal(decision, "none");
  assert.equal(reason, 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
});
test("aggregating roles hold what they select, at once", async () => {
  const { objects, can } = setting();
  objects.put(RoleBinding, { ...binding("ns", "b", "x", "User jane"), roleRef: ref("admin") });
  assert.equal(await can(jane, "create", "rbac.authorization.k8s.io:roles", { namespace: "ns" }), true);
  assert.equal(await can(jane, "list", "pods", { namespace: "ns" }), true);
  assert.equal(await can(jane, "list", "acme.com:things", { namespace: "ns" }), false);
  objects.put(
    ClusterRole,
    clusterRole("things", [rule("list", "acme.com", "things")], { "rbac.authorization.k8s.io/aggregate-to-view": "true" }),
  );
  assert.equal(await can(jane, "list", "acme.com:things", { namespace: "ns" }), true);
});
test("default roles: masters, controllers, the scheduler, everybody", async () => {
  const { can } = setting();
  assert.equal(await can(user("root", "system:masters"), "delete", "x:y/z", { namespace: "a" }), true);
  const replicaSets = user("system:serviceaccount:kube-system:replicaset-controller");
  assert.equal(await can(replicaSets, "create", "pods", { namespace: "a" }), true);
  assert.equal(await can(replicaSets, "create", "secrets", { namespace: "a" }), false);
  assert.equal(await can(user("system:kube-scheduler"), "create", "pods/binding", { namespace: "a" }), true);
  assert.equal(await can(jane, "create", "authorization.k8s.io:selfsubjectaccessreviews"), true);
  assert.equal(await can(jane, "create", "authorization.k8s.io:subjectaccessreviews"), false);
});
test("defaults are written once, repaired, and left alone when told so", () => {
  const { objects } = setting();
  assert.deepEqual(dueDefaults(objects), []);
  const view = objects.get(ClusterRole, "view")!;
  assert.ok(view.rules.length > 5, "aggregating roles are written with what they gather");
  const basic = objects.get(ClusterRole, "system:basic-user")!;
  objects.put(ClusterRole, { ...basic, rules: [rule("get", "core", "nodes"), basic.rules[0]!] });
  const [repair, ...more] = dueDefaults(objects);
  assert.deepEqual(more, []);
  assert.equal(repair?.action, "update");
  assert.deepEqual((repair!.object as ClusterRole).rules.slice(0, 2), [rule("get", "core", "nodes"), basic.rules[0]]);
  objects.put(ClusterRole, { ...basic, rules: [], metadata: { ...basic.metadata, annotations: { [AUTO_UPDATE]: "false" } } });
  assert.deepEqual(dueDefaults(objects), []);
  objects.put(ClusterRoleBinding, { ...clusterBinding("system:discovery", "User x"), roleRef: ref("view") });
  assert.deepEqual(
    dueDefaults(objects).map(w => [w.action, w.object.metadata.name]),
    [["recreate", "system:discovery"]],
  );
});

function write(kind: Kind, object: KubeObject, by: Identity, old?: KubeObject): Admission {
  return {
    operation: old ? "UPDATE" : "CREATE",
    kind,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name ?? "",
    subresource: "",
    object,
    old,
    user: by,
    dryRun: false,
    warnings: [],
  };
}
test("nobody grants what they do not hold", async () => {
  const { objects, roles, authorizer } = setting();
  const plugin = rbacEscalation(roles, authorizer);
  const wide = role("ns", "wide", [rule("get list", "core", "pods secrets"), rule("get", "apps", "deployments", "web")]);
  const refused = await statusOf(() => plugin.validate!(write(Role, wide, jane)));
  assert.equal(refused.code, 403);
  assert.equal(
    refused.message,
    'roles.rbac.authorization.k8s.io "wide" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}\n' +
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}\n' +
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["get"]}',
  );
  objects.put(RoleBinding, { ...binding("ns", "b", "x", "User jane"), roleRef: ref("view") });
  const again = await statusOf(() => plugin.validate!(write(Role, wide, jane)));
  assert.equal(again.message?.split("\n").slice(1).join("\n"), '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}');
  await plugin.validate!(write(Role, wide, user("root", "system:masters")));
  await plugin.validate!(write(Role, wide, jane, wide));

  objects.put(ClusterRole, clusterRole("escalator", [rule("escalate bind", "rbac.authorization.k8s.io", "roles clusterroles")]));
  objects.put(RoleBinding, { ...binding("ns", "c", "x", "User joe"), roleRef: ref("escalator") });
  await plugin.validate!(write(Role, wide, joe));
  await plugin.validate!(write(RoleBinding, bindingTo("cluster-admin"), joe));
});
test("nobody binds what they do not hold, or what is not there", async () => {
  const { roles, authorizer } = setting();
  const plugin = rbacEscalation(roles, authorizer);
  const bind = (name: string) => statusOf(() => plugin.validate!(write(ClusterRoleBinding, clusterBindingTo(name), jane)));
  assert.equal(
    (await bind("cluster-admin")).message,
    'clusterrolebindings.rbac.authorization.k8s.io "b" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
  );
  assert.equal((await bind("nothing")).message, 'clusterroles.rbac.authorization.k8s.io "nothing" not found');
  const gathers = { ...clusterRole("g", []), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } };
  assert.match(
    (await statusOf(() => plugin.validate!(write(ClusterRole, gathers, jane)))).message ?? "",
    /must have cluster-admin privileges to use the aggregationRule$/,
  );
  assert.equal(subject("ServiceAccount a/b").namespace, "a");
});
