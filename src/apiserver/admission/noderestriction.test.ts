import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeRestriction } from "#apiserver/admission/noderestriction.ts";
import { objectsInMemory, statusOf } from "#apiserver/auth/testing.ts";
import type { Admission } from "#apiserver/call.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

function setting() {
  const objects = objectsInMemory();
  const plugin = nodeRestriction(objects);
  const node = objects.put(Node, { metadata: { name: "n1" }, spec: {}, status: {} as Node["status"] });
  const pod = (spec: object = {}, metadata: object = {}) =>
    ({
      metadata: { name: "p", namespace: "ns", ...metadata },
      spec: { nodeName: "n1", containers: [], ...spec },
      status: {},
    }) as unknown as Pod;
  const ask = async (kind: Kind, operation: Admission["operation"], object: object | undefined, more: Partial<Admission> = {}) => {
    const admission: Admission = {
      operation,
      kind,
      namespace: "ns",
      name: "p",
      subresource: "",
      object: object as KubeObject | undefined,
      old: undefined,
      user: { name: "system:node:n1", groups: ["system:nodes"] },
      dryRun: false,
      warnings: [],
      ...more,
    };
    const status = await statusOf(async () => {
      await plugin.admit!(admission);
      throw { status: { message: "fine" } };
    });
    return status.message?.replace(/^.* is forbidden: /, "");
  };
  return { objects, node, pod, ask };
}

test("pods", async () => {
  const { objects, node, pod, ask } = setting();
  const stored = objects.put(Pod, pod());
  objects.put(Pod, pod({ nodeName: "n2" }, { name: "q" }));
  assert.equal(await ask(Pod, "DELETE", undefined), "fine");
  assert.equal(await ask(Pod, "DELETE", undefined, { name: "q" }), 'node "n1" can only delete pods with spec.nodeName set to itself');
  assert.equal(await ask(Pod, "DELETE", undefined, { name: "none" }), 'pods "none" not found');
  assert.equal(
    await ask(Pod, "CREATE", pod()),
    'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  );
  const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid: node.metadata.uid, controller: true };
  const mirror = (spec: object = {}, ownerReferences: object[] = [owner]) =>
    pod(spec, { annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences });
  assert.equal(await ask(Pod, "CREATE", mirror()), "fine");
  assert.equal(await ask(Pod, "CREATE", mirror({}, [])), 'node "n1" can only create pods with an owner reference set to itself');
  assert.equal(await ask(Pod, "CREATE", mirror({}, [{ ...owner, uid: "u" }])), `node n1 UID mismatch: expected u got ${node.metadata.uid}`);
  assert.equal(
    await ask(Pod, "CREATE", mirror({ volumes: [{ name: "v", secret: { secretName: "s" } }] })),
    'node "n1" can not create pods that reference secrets',
  );
  assert.equal(
    await ask(Pod, "UPDATE", pod(), { old: stored }),
    'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
  );
  assert.equal(await ask(Pod, "UPDATE", pod(), { old: stored, subresource: "status" }), "fine");
  assert.equal(
    await ask(Pod, "UPDATE", pod({}, { labels: { a: "b" } }), { old: stored, subresource: "status" }),
    'node "n1" cannot update labels through pod status',
  );
  assert.equal(
    await ask(Pod, "UPDATE", pod(), { old: objects.get(Pod, "q", "ns"), subresource: "status" }),
    'node "n1" can only update pod status for pods with spec.nodeName set to itself',
  );
  assert.equal(await ask(Pod, "CREATE", {}, { subresource: "eviction" }), "fine");
  assert.equal(
    await ask(Pod, "CREATE", {}, { subresource: "eviction", name: "q" }),
    "node n1 can only evict pods with spec.nodeName set to itself",
  );
  assert.equal(await ask(Pod, "DELETE", undefined, { name: "q", user: { name: "admin", groups: [] } }), "fine");
});
test("its node, its labels, its lease", async () => {
  const { node, ask } = setting();
  const at = { namespace: "", name: "n1" };
  const labelled = (labels: object, more: object = {}) => ({ ...node, metadata: { ...node.metadata, labels, ...more } });
  assert.equal(await ask(Node, "UPDATE", node, { ...at, name: "n2" }), 'node "n1" is not allowed to modify node "n2"');
  const good = { "kubernetes.io/hostname": "n1", "node.kubernetes.io/x": "1", "acme.com/a": "b", plain: "c" };
  assert.equal(await ask(Node, "CREATE", labelled(good), at), "fine");
  assert.equal(
    await ask(
      Node,
      "CREATE",
      labelled({ "node-role.kubernetes.io/control-plane": "", "node-restriction.kubernetes.io/a": "", ...good }),
      at,
    ),
    'node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a, node-role.kubernetes.io/control-plane',
  );
  assert.equal(
    await ask(Node, "UPDATE", labelled({}), { ...at, old: labelled({ "a.k8s.io/b": "c" }) as unknown as KubeObject }),
    'node "n1" is not allowed to modify labels: a.k8s.io/b',
  );
  assert.equal(
    await ask(Node, "UPDATE", { ...node, spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }, { ...at, old: node }),
    'node "n1" is not allowed to modify taints',
  );
  assert.equal(
    await ask(Node, "UPDATE", labelled({}, { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n1", uid: "u" }] }), {
      ...at,
      old: node,
    }),
    'node "n1" is not allowed to modify ownerReferences',
  );
  const lease = { namespace: "kube-node-lease", name: "" };
  assert.equal(await ask(Lease, "CREATE", { metadata: { name: "n1" } }, lease), "fine");
  assert.equal(
    await ask(Lease, "CREATE", { metadata: { name: "n2" } }, lease),
    "can only access node lease with the same name as the requesting node",
  );
});
test("tokens for its own pods, and for audiences that they name", async () => {
  const { objects, pod, ask } = setting();
  const source = { serviceAccountToken: { path: "t", audience: "vault" } };
  const { metadata } = objects.put(Pod, pod({ volumes: [{ name: "v", projected: { sources: [source] } }] }));
  objects.put(Pod, pod({ nodeName: "n2" }, { name: "q", uid: "q-uid" }));
  const token = (spec: object) => ask(ServiceAccount, "CREATE", { metadata: {}, spec }, { subresource: "token", name: "sa" });
  const ref = { kind: "Pod", apiVersion: "v1", name: "p", uid: metadata.uid };
  assert.equal(await token({ boundObjectRef: ref }), "fine");
  assert.equal(await token({ boundObjectRef: ref, audiences: ["vault"] }), "fine");
  assert.equal(await token({ boundObjectRef: ref, audiences: ["other"] }), 'audience "other" not found in pod spec volume');
  assert.equal(await token({}), "node requested token not bound to a pod");
  assert.equal(await token({ boundObjectRef: { ...ref, uid: "" } }), "node requested token with a pod binding without a uid");
  assert.equal(
    await token({ boundObjectRef: { ...ref, name: "q", uid: "q-uid" } }),
    "node requested token bound to a pod scheduled on a different node",
  );
});
