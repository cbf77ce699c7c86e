import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, test } from "node:test";
import { clusterAccess } from "#apiserver/auth/access.ts";
import { clockAt, NOW } from "#apiserver/auth/testing.ts";
import { bodyText, testServer } from "#apiserver/testing.ts";
import { seededChance } from "#base/chance.ts";
import type { HttpRequest } from "#base/http.ts";
import { hostCrypto } from "#host/crypto.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const clock = clockAt();
const server = await testServer(
  clock,
  {
    access: clusterAccess({
      clock,
      chance: seededChance(5),
      signer: hostCrypto.signer(privateKey.export({ format: "pem", type: "pkcs8" }).toString()),
      clusterDomain: "cluster.local",
    }),
    bootstrap: { address: "192.0.2.1", port: 6443 },
  },
  ["ns"],
);
after(() => server.close());

/** A request from outside the process. */
async function outside(method: string, url: string, more: Partial<HttpRequest> = {}) {
  const response = await server.handle({ method, url, headers: {}, ...more });
  const body = JSON.parse((await bodyText(response)) || "{}");
  return { code: response.status, body, headers: response.headers };
}
const certificate = (commonName: string, ...organizations: string[]): Partial<HttpRequest> => ({
  peer: { address: "192.0.2.9", certificate: { commonName, organizations, notAfter: NOW + 1e9 } },
});
const bearer = (token: string): Partial<HttpRequest> => ({ headers: { authorization: `Bearer ${token}` } });
const PODS = "/api/v1/namespaces/ns/pods";

test("nobody, a user without rights, an administrator", async () => {
  const nobody = await outside("GET", PODS);
  assert.deepEqual([nobody.code, nobody.body.message, nobody.body.reason], [401, "Unauthorized", "Unauthorized"]);
  const jane = await outside("GET", PODS, certificate("jane"));
  assert.equal(jane.code, 403);
  assert.equal(jane.body.message, 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "ns"');
  assert.equal((await outside("GET", PODS, certificate("kubernetes-admin", "system:masters"))).code, 200);
  assert.equal((await outside("GET", "/api", certificate("jane"))).code, 200);
  assert.equal((await outside("GET", "/apis")).code, 401);
});
test("a service account's token: asked for, used, reviewed, dead with its pod", async () => {
  for (const name of ["default", "app"]) await server.ask("POST", "/api/v1/namespaces/ns/serviceaccounts", { metadata: { name } });
  const role = { metadata: { name: "reader" }, rules: [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }] };
  const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/ns";
  assert.equal((await server.ask("POST", `${rbac}/roles`, role)).code, 201);
  const subjects = [{ kind: "ServiceAccount", name: "app", namespace: "ns" }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
  assert.equal((await server.ask("POST", `${rbac}/rolebindings`, { metadata: { name: "b" }, subjects, roleRef })).code, 201);
  const pod = { metadata: { name: "p" }, spec: { serviceAccountName: "app", containers: [{ name: "c", image: "i" }] } };
  const made = await server.ask("POST", PODS, pod);
  assert.equal(made.code, 201, JSON.stringify(made.body));
  assert.match(made.body.spec.volumes[0].name, /^kube-api-access-/);
  assert.equal(made.body.spec.tolerations.length, 2);
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "p", uid: made.body.metadata.uid };
  const url = "/api/v1/namespaces/ns/serviceaccounts/app/token";
  const issued = await server.ask("POST", url, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { boundObjectRef } });
  assert.equal(issued.code, 201, JSON.stringify(issued.body));
  const { token } = issued.body.status;

  assert.equal((await outside("GET", PODS, bearer(token))).code, 200);
  const secrets = await outside("GET", "/api/v1/namespaces/ns/secrets", bearer(token));
  assert.equal(
    secrets.body.message,
    'secrets is forbidden: User "system:serviceaccount:ns:app" cannot list resource "secrets" in API group "" in the namespace "ns"',
  );
  assert.equal(
    (await outside("GET", "/.well-known/openid-configuration", bearer(token))).body.jwks_uri,
    "https://kubernetes.default.svc.cluster.local/openid/v1/jwks",
  );
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
  const reviewed = await server.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
  assert.equal(reviewed.body.status.user?.username, "system:serviceaccount:ns:app", JSON.stringify(reviewed.body));
  await server.ask("DELETE", `${PODS}/p?gracePeriodSeconds=0`);
  assert.equal((await outside("GET", PODS, bearer(token))).code, 401);
  const again = await server.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
  assert.equal(again.body.status.error, "[invalid bearer token, service account token has been invalidated]");
});
test("impersonation, and what it may do", async () => {
  const as = { headers: { "impersonate-user": "system:serviceaccount:ns:app" }, ...certificate("root", "system:masters") };
  assert.equal((await outside("GET", PODS, as)).code, 200);
  assert.equal((await outside("GET", "/api/v1/nodes", as)).code, 403);
  const review = await server.ask(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb: "list", resource: "pods", namespace: "ns" } },
    },
    { "impersonate-user": "system:serviceaccount:ns:app" },
  );
  assert.equal(review.body.status?.allowed, true, JSON.stringify(review.body));
});
test("default roles are there, and what is granted must be held", async () => {
  const view = await server.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/view");
  assert.equal(view.code, 200);
  assert.ok(view.body.rules.length > 5);
  const edit = { metadata: { name: "e" }, subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "joe" }] };
  const roleRef = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name });
  const url = "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings";
  assert.equal((await server.ask("POST", url, { ...edit, roleRef: roleRef("admin") })).code, 201);
  const headers = { "impersonate-user": "joe" };
  assert.equal((await server.ask("POST", url, { ...edit, metadata: { name: "f" }, roleRef: roleRef("view") }, headers)).code, 201);
  const refused = await server.ask("POST", url, { ...edit, metadata: { name: "g" }, roleRef: roleRef("cluster-admin") }, headers);
  assert.equal(refused.code, 403);
  assert.match(
    refused.body.message,
    /^rolebindings\.rbac\.authorization\.k8s\.io "g" is forbidden: user "joe" \(groups=\["system:authenticated"\]\) is attempting to grant/,
  );
});
