import assert from "node:assert/strict";
import { test } from "node:test";
import { impersonate } from "#apiserver/auth/impersonate.ts";
import { allowing, callOf, ok, statusOf } from "#apiserver/auth/testing.ts";
import type { Attributes } from "#apiserver/call.ts";
import type { Identity } from "#base/http.ts";

const admin: Identity = { name: "admin", groups: ["system:masters", "system:authenticated"] };
async function as(headers: Record<string, string>, allow: (a: Attributes) => boolean = () => true, user = admin) {
  const call = callOf({ verb: "list", resource: "pods", namespace: "ns" }, { http: { method: "GET", url: "/", headers }, user });
  await impersonate(allowing(allow))(call, async () => ok);
  return call;
}
const legacy = (a: Attributes) => a.verb === "impersonate";

test("without headers nothing changes", async () => {
  const call = await as({}, () => false);
  assert.equal(call.user, admin);
  assert.equal(call.impersonatedBy, undefined);
});
test("a user with groups, uid and extra", async () => {
  const asked: string[] = [];
  const call = await as(
    {
      "impersonate-user": "jane",
      "impersonate-group": "dev, ops",
      "impersonate-uid": "u-1",
      "impersonate-extra-acme.com%2Fscope": "a, b",
    },
    a => {
      asked.push(`${a.verb} ${a.group}/${a.resource}/${a.subresource} ${a.name}`);
      return legacy(a);
    },
  );
  assert.deepEqual(call.user, {
    name: "jane",
    uid: "u-1",
    groups: ["dev", "ops", "system:authenticated"],
    extra: { "acme.com/scope": ["a", "b"] },
  });
  assert.equal(call.impersonatedBy, admin);
  assert.deepEqual(asked, [
    "impersonate-on:user-info:list /pods/ ",
    "impersonate /users/ jane",
    "impersonate authentication.k8s.io/uids/ u-1",
    "impersonate /groups/ dev",
    "impersonate /groups/ ops",
    "impersonate authentication.k8s.io/userextras/acme.com/scope a",
    "impersonate authentication.k8s.io/userextras/acme.com/scope b",
  ]);
});
test("service accounts get their groups unless groups are asked for", async () => {
  const sa = { "impersonate-user": "system:serviceaccount:ns:builder" };
  assert.deepEqual((await as(sa, legacy)).user.groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
  assert.deepEqual((await as({ ...sa, "impersonate-group": "dev" }, legacy)).user.groups, ["dev", "system:authenticated"]);
});
test("anonymous and unauthenticated are not authenticated", async () => {
  assert.deepEqual((await as({ "impersonate-user": "system:anonymous" })).user.groups, ["system:unauthenticated"]);
  assert.deepEqual((await as({ "impersonate-user": "a", "impersonate-group": "system:unauthenticated" })).user.groups, [
    "system:unauthenticated",
  ]);
});
test("a user who may not is refused in upstream's words", async () => {
  const user = { name: "x", groups: [] };
  assert.equal(
    (await statusOf(as({ "impersonate-user": "jane" }, () => false, user))).message,
    'pods is forbidden: User "x" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
  );
  const constrained = (a: Attributes) => a.verb.startsWith("impersonate-on:");
  assert.equal(
    (await statusOf(as({ "impersonate-user": "jane" }, constrained, user))).message,
    'users.authentication.k8s.io "jane" is forbidden: User "x" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
  );
});
test("constrained modes: masters never, nodes get their group", async () => {
  const noLegacy = (a: Attributes) => !legacy(a);
  const masters = await statusOf(as({ "impersonate-user": "jane", "impersonate-group": "system:masters" }, noLegacy));
  assert.match(masters.message ?? "", /: impersonating the system:masters group is not allowed$/);
  assert.deepEqual((await as({ "impersonate-user": "system:node:n1" }, noLegacy)).user.groups, ["system:nodes", "system:authenticated"]);
});
test("parts without a user are 400", async () => {
  const status = await statusOf(as({ "impersonate-group": "dev" }));
  assert.equal(status.code, 400);
  assert.equal(
    status.message,
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
  );
});
