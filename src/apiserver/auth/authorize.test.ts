import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "#apiserver/auth/authorize.ts";
import { allowing, callOf, ok, statusOf } from "#apiserver/auth/testing.ts";
import type { RequestInfo } from "#apiserver/call.ts";

const user = { name: "x", groups: [] };
async function messageOf(info: Partial<RequestInfo>, reason = "") {
  const stage = authorize({ authorize: async () => ({ decision: "none", reason }) });
  return statusOf(stage(callOf(info, { user }), async () => ok));
}

test("the forbidden sentence, exactly", async () => {
  const list = await messageOf({ verb: "list", resource: "pods", namespace: "y" });
  assert.deepEqual(list, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"',
    reason: "Forbidden",
    details: { name: "", kind: "pods" },
    code: 403,
  });
  assert.equal(
    (await messageOf({ verb: "update", group: "apps", resource: "deployments", subresource: "scale", name: "web", namespace: "y" }))
      .message,
    'deployments.apps "web" is forbidden: User "x" cannot update resource "deployments/scale" in API group "apps" in the namespace "y"',
  );
  assert.equal(
    (await messageOf({ verb: "watch", resource: "nodes" }, "because")).message,
    'nodes is forbidden: User "x" cannot watch resource "nodes" in API group "" at the cluster scope: because',
  );
  assert.equal(
    (await messageOf({ isResource: false, verb: "get", path: "/a<b" })).message,
    'forbidden: User "x" cannot get path "/a&lt;b"',
  );
});
test("the decision is kept for the audit", async () => {
  const call = callOf({ resource: "pods" }, { user });
  await authorize(allowing(() => true))(call, async () => ok);
  assert.deepEqual(call.annotations, { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" });
  const refused = callOf({ resource: "pods" }, { user });
  await assert.rejects(authorize(allowing(() => false))(refused, async () => ok));
  assert.equal(refused.annotations["authorization.k8s.io/decision"], "forbid");
});
