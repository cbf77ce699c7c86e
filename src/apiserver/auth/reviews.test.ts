import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { rbac } from "#apiserver/auth/rbac/authorizer.ts";
import { dueDefaults } from "#apiserver/auth/rbac/bootstrap.ts";
import { binding, role, rule } from "#apiserver/auth/rbac/defaults/notation.ts";
import { Roles } from "#apiserver/auth/rbac/roles.ts";
import { reviews } from "#apiserver/auth/reviews.ts";
import { callOf, clockAt, objectsInMemory, statusOf } from "#apiserver/auth/testing.ts";
import { tokenRequests } from "#apiserver/auth/tokenrequest.ts";
import { Tokens } from "#apiserver/auth/tokens.ts";
import { seededChance } from "#base/chance.ts";
import type { Identity } from "#base/http.ts";
import { hostCrypto } from "#host/crypto.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
function setting() {
  const clock = clockAt();
  const objects = objectsInMemory();
  for (const { kind, object } of dueDefaults(objects)) objects.put(kind, object);
  objects.put(Role, role("ns", "reader", [rule("get list", "core", "pods")]));
  objects.put(RoleBinding, binding("ns", "b", "reader", "User jane"));
  objects.put(ServiceAccount, { metadata: { name: "builder", namespace: "ns" } });
  const signer = hostCrypto.signer(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  const authority = { issuer: "https://issuer", audiences: ["https://issuer"], signer, objects, clock };
  const roles = new Roles(objects);
  const by = reviews({ authorizer: rbac(roles), roles, tokens: new Tokens(authority), clock });
  const ask = async (
    kind: string,
    spec: object,
    user: Identity = { name: "jane", groups: ["system:authenticated"] },
    namespace = "",
    metadata = {},
  ) =>
    (await by[kind]!(
      { apiVersion: "v1", kind, metadata, spec } as KubeObject,
      callOf({ verb: "create", namespace }, { user }),
    )) as KubeObject & {
      status: Record<string, unknown>;
    };
  const token = async () =>
    (await tokenRequests(authority, seededChance(1), [])({}, callOf({ name: "builder", namespace: "ns" }))).status.token;
  return { ask, token, objects };
}

test("subject access reviews of all three kinds", async () => {
  const { ask } = setting();
  const pods = { verb: "list", resource: "pods", namespace: "ns" };
  const allowed = { allowed: true, reason: 'RBAC: allowed by RoleBinding "b/ns" of Role "reader" to User "jane"' };
  assert.deepEqual((await ask("SelfSubjectAccessReview", { resourceAttributes: pods })).status, allowed);
  assert.deepEqual((await ask("SubjectAccessReview", { resourceAttributes: pods, user: "jane" })).status, allowed);
  assert.deepEqual((await ask("LocalSubjectAccessReview", { resourceAttributes: pods, user: "jane" }, undefined, "ns")).status, allowed);
  assert.deepEqual((await ask("SubjectAccessReview", { resourceAttributes: pods, user: "joe" })).status, { allowed: false });
  const version = { nonResourceAttributes: { path: "/version", verb: "get" } };
  assert.equal((await ask("SelfSubjectAccessReview", version)).status.allowed, true);
});
test("malformed reviews", async () => {
  const { ask } = setting();
  assert.equal(
    (await statusOf(ask("SubjectAccessReview", {}))).message,
    'SubjectAccessReview.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
  );
  const local = { resourceAttributes: { verb: "get", resource: "pods", namespace: "other" }, user: "a" };
  assert.equal(
    (await statusOf(ask("LocalSubjectAccessReview", local, undefined, "ns"))).message,
    'LocalSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
  );
  const named = ask("SelfSubjectAccessReview", { nonResourceAttributes: { path: "/", verb: "get" } }, undefined, "", { name: "x" });
  assert.match((await statusOf(named)).message ?? "", /metadata: Invalid value: .*: must be empty$/);
  assert.equal((await statusOf(ask("SelfSubjectRulesReview", {}))).message, "no namespace on request");
  assert.equal((await statusOf(ask("TokenReview", {}))).message, "token is required for TokenReview in authentication");
});
test("token reviews", async () => {
  const { ask, token } = setting();
  const { status } = await ask("TokenReview", { token: await token() });
  assert.equal(status.authenticated, true);
  assert.deepEqual(status.audiences, ["https://issuer"]);
  const user = status.user as { username: string; groups: string[] };
  assert.equal(user.username, "system:serviceaccount:ns:builder");
  assert.deepEqual(user.groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
  assert.deepEqual((await ask("TokenReview", { token: "x" })).status, { user: {}, error: "invalid bearer token" });
});
test("who am I, and what may I", async () => {
  const { ask } = setting();
  assert.deepEqual((await ask("SelfSubjectReview", {})).status, { userInfo: { username: "jane", groups: ["system:authenticated"] } });
  const { status } = await ask("SelfSubjectRulesReview", { namespace: "ns" });
  const rules = status.resourceRules as object[];
  assert.ok(rules.some(r => JSON.stringify(r) === '{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}'));
  assert.equal(status.incomplete, false);
  assert.equal(status.evaluationError, undefined);
});
