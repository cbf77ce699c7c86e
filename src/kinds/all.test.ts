import assert from "node:assert/strict";
import test from "node:test";
import { byPreference, groups, kindNamed, kindOfResource, kinds } from "#kinds/all.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";

test("groups come in discovery's order, core first", () => {
  assert.deepEqual(
    groups.map(g => g.name),
    [
      "",
      "apps",
      "events.k8s.io",
      "authentication.k8s.io",
      "authorization.k8s.io",
      "rbac.authorization.k8s.io",
      "scheduling.k8s.io",
      "coordination.k8s.io",
      "discovery.k8s.io",
    ],
  );
});

test("versions are ordered as upstream prefers them", () => {
  const order = ["v1beta1", "v2", "v1alpha1", "v1", "v2beta2", "foo", "v10"].sort(byPreference);
  assert.deepEqual(order, ["v10", "v2", "v1", "v2beta2", "v1beta1", "v1alpha1", "foo"]);
});

test("a kind is found by resource and by name", () => {
  assert.equal(kindOfResource("apps", "v1", "deployments"), Deployment);
  assert.equal(kindNamed("apps", "v1", "Deployment"), Deployment);
  assert.equal(kindOfResource("autoscaling", "v1", "scales"), undefined);
  assert.equal(kindNamed("autoscaling", "v1", "Scale")?.ephemeral, true);
});

test("each kind stands once", () => {
  assert.equal(new Set(kinds.map(k => `${k.group}/${k.version}/${k.kind}`)).size, kinds.length);
});
