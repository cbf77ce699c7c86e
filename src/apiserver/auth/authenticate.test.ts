import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticate } from "#apiserver/auth/authenticate.ts";
import { anonymous, byCertificate } from "#apiserver/auth/identity.ts";
import { callOf, clockAt, NOW, ok, statusOf } from "#apiserver/auth/testing.ts";
import type { Authenticator } from "#apiserver/call.ts";
import type { HttpRequest } from "#base/http.ts";
import { unauthorized } from "#base/status.ts";

const stage = authenticate([byCertificate(clockAt()), anonymous]);
async function userOf(http: Partial<HttpRequest>) {
  const call = callOf({}, { http: { method: "GET", url: "/api/v1/pods", headers: {}, ...http } });
  await stage(call, async () => ok);
  return call.user;
}
const certificate = { commonName: "jane", organizations: ["dev"], notAfter: NOW + 1, fingerprint: "ab12" };

test("a client certificate names the user and its groups", async () => {
  assert.deepEqual(await userOf({ peer: { address: "192.0.2.1", certificate } }), {
    name: "jane",
    groups: ["dev", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=ab12"] },
  });
});
test("expired or untrusted certificates and requests without credentials are 401", async () => {
  const unauthorizedStatus = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "Unauthorized",
    reason: "Unauthorized",
    code: 401,
  };
  const expired = { ...certificate, notAfter: NOW - 1 };
  assert.deepEqual(await statusOf(userOf({ peer: { address: "", certificate: expired } })), unauthorizedStatus);
  assert.deepEqual(await statusOf(userOf({ peer: { address: "", certificateError: "unable to verify" } })), unauthorizedStatus);
  assert.deepEqual(await statusOf(userOf({})), unauthorizedStatus);
});
test("anonymous for the health paths only, and not with bad credentials", async () => {
  const nobody = { name: "system:anonymous", groups: ["system:unauthenticated"] };
  for (const url of ["/healthz", "/livez?verbose", "/readyz"]) assert.deepEqual(await userOf({ url }), nobody);
  for (const url of ["/version", "/livez/etcd", "/api", "/healthz/../api"]) await assert.rejects(userOf({ url }), /Unauthorized/);
  await assert.rejects(userOf({ url: "/readyz", peer: { address: "", certificateError: "x" } }), /Unauthorized/);
});
test("in-process callers are who their transport says", async () => {
  assert.deepEqual(await userOf({ identity: { name: "system:kube-scheduler", groups: [] } }), {
    name: "system:kube-scheduler",
    groups: ["system:authenticated"],
  });
});
test("a refusal by one authenticator lets the next one speak; other errors pass", async () => {
  const refusing: Authenticator = {
    authenticate: async () => {
      throw unauthorized();
    },
  };
  const broken: Authenticator = {
    authenticate: async () => {
      throw new Error("broken");
    },
  };
  const knowing: Authenticator = { authenticate: async () => ({ name: "a", groups: [] }) };
  const call = callOf({}, { http: { method: "GET", url: "/", headers: {} } });
  await authenticate([refusing, knowing])(call, async () => ok);
  assert.equal(call.user.name, "a");
  await assert.rejects(
    authenticate([broken, knowing])(call, async () => ok),
    /broken/,
  );
});
test("a failed authentication is told", async () => {
  const told: number[] = [];
  await assert.rejects(authenticate([], (_, error) => told.push(error.code))(callOf({}), async () => ok));
  assert.deepEqual(told, [401]);
});
