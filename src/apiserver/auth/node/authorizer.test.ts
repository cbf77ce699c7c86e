import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeAuthorizer } from "#apiserver/auth/node/authorizer.ts";
import { attributes, objectsInMemory } from "#apiserver/auth/testing.ts";
import type { Attributes } from "#apiserver/call.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

function setting() {
  const objects = objectsInMemory();
  const pod = objects.put(Pod, {
    metadata: { name: "p", namespace: "ns" },
    spec: {
      nodeName: "n1",
      serviceAccountName: "sa",
      imagePullSecrets: [{ name: "pull" }],
      containers: [
        {
          name: "c",
          envFrom: [{ configMapRef: { name: "env" } }],
          env: [{ name: "A", valueFrom: { secretKeyRef: { name: "key", key: "k" } } }],
        },
      ],
      volumes: [
        { name: "v", secret: { secretName: "vol" } },
        { name: "w", projected: { sources: [{ configMap: { name: "root-ca" } }] } },
      ],
    } as unknown as Pod["spec"],
    status: {},
  });
  const authorizer = nodeAuthorizer(objects);
  const ask = async (verb: string, resource: string, more: Partial<Attributes> = {}, node = "n1") => {
    const { decision, reason } = await authorizer.authorize(
      attributes({ name: `system:node:${node}`, groups: ["system:nodes"] }, verb, resource, more),
    );
    return decision === "allow" ? "allow" : reason;
  };
  return { objects, pod, ask, authorizer };
}
const inNs = (name: string) => ({ namespace: "ns", name });
const unrelated = "no relationship found between node 'n1' and this object";

test("only what the node's pods refer to", async () => {
  const { objects, pod, ask } = setting();
  for (const s of ["pull", "key", "vol"]) assert.equal(await ask("get", "secrets", inNs(s)), "allow");
  for (const c of ["env", "root-ca"]) assert.equal(await ask("watch", "configmaps", inNs(c)), "allow");
  assert.equal(await ask("get", "secrets", inNs("other")), unrelated);
  assert.equal(await ask("get", "secrets", { namespace: "other", name: "vol" }), unrelated);
  assert.equal(await ask("list", "secrets", { namespace: "ns" }), "No Object name found");
  assert.equal(await ask("list", "secrets"), "can only read namespaced object of this type");
  assert.equal(await ask("update", "secrets", inNs("vol")), "can only read resources of this type");
  assert.equal(await ask("get", "secrets", inNs("vol"), "n2"), "no relationship found between node 'n2' and this object");
  assert.equal(await ask("create", "serviceaccounts/token", inNs("sa")), "allow");
  assert.equal(await ask("create", "serviceaccounts/token", inNs("admin")), unrelated);
  objects.put(Pod, { ...pod, spec: { ...pod.spec, nodeName: "n2" } });
  assert.equal(await ask("get", "secrets", inNs("vol")), unrelated);
  assert.equal(await ask("get", "secrets", inNs("vol"), "n2"), "allow");
  objects.remove(Pod, "p", "ns");
  assert.notEqual(await ask("get", "secrets", inNs("vol"), "n2"), "allow");
});
test("nodes, pods, leases and the rest", async () => {
  const { ask, authorizer } = setting();
  assert.equal(await ask("get", "nodes", { name: "n1" }), "allow");
  assert.equal(await ask("get", "nodes", { name: "n2" }), "node 'n1' cannot read 'n2', only its own Node object");
  assert.equal(await ask("list", "nodes"), "node 'n1' cannot read all nodes, only its own Node object");
  assert.equal(await ask("patch", "nodes/status", { name: "n1" }), "allow");
  assert.equal(await ask("delete", "nodes", { name: "n1" }), "");
  assert.equal(await ask("watch", "pods", { fieldSelector: "spec.nodeName=n1" }), "allow");
  assert.equal(
    await ask("watch", "pods", { fieldSelector: "spec.nodeName!=n1" }),
    "can only list/watch pods with spec.nodeName field selector",
  );
  assert.equal(await ask("list", "pods"), "can only list/watch pods with spec.nodeName field selector");
  assert.equal(await ask("get", "pods", inNs("p")), "allow");
  assert.equal(await ask("update", "coordination.k8s.io:leases", { namespace: "kube-node-lease", name: "n1" }), "allow");
  assert.equal(
    await ask("update", "coordination.k8s.io:leases", { namespace: "kube-node-lease", name: "n2" }),
    "can only access node lease with the same name as the requesting node",
  );
  assert.equal(
    await ask("get", "coordination.k8s.io:leases", { namespace: "kube-system", name: "n1" }),
    'can only access leases in the "kube-node-lease" system namespace',
  );
  assert.equal(await ask("create", "authentication.k8s.io:tokenreviews"), "allow");
  assert.equal(await ask("create", "events", { namespace: "ns" }), "allow");
  assert.equal(await ask("list", "apps:deployments"), "");
  const impostor = attributes({ name: "system:node:n1", groups: [] }, "get", "nodes", { name: "n1" });
  assert.equal((await authorizer.authorize(impostor)).decision, "none");
});
