/** Machines and control planes that lose their power, and come back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, createCluster } from "coxswain";

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: "web:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;
const images = { web: () => ({ http: () => ({ body: "here" }) }) };
const available = async (cluster: Cluster) =>
  (await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default")).status.availableReplicas ?? 0;

test("a node that loses its power is left by its pods, and takes others when it is back", async t => {
  const cluster = await createCluster({ nodes: 2, images });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  cluster.nodes.stop("node-2");
  assert.deepEqual(cluster.nodes.state("node-2"), { on: false, kubelet: false });
  await cluster.clock.advance("10m");
  assert.equal(await available(cluster), 4);
  const nodesOf = async () =>
    new Set(
      (await cluster.client.list({ apiVersion: "v1", kind: "Pod" })).items
        .filter(p => !p.metadata.deletionTimestamp)
        .map(p => p.spec.nodeName),
    );
  assert.deepEqual(await nodesOf(), new Set(["node-1"]));
  const fork = await cluster.fork();
  assert.equal(fork.nodes.state("node-2").on, false);
  await fork.close();
  cluster.nodes.start("node-2");
  await cluster.settled();
  assert.equal((await cluster.client.list({ apiVersion: "v1", kind: "Pod" })).items.length, 4, "what was left there is gone");
  await cluster.client.patch({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { spec: { replicas: 8 } }, { namespace: "default" });
  await cluster.settled();
  assert.equal(await available(cluster), 8);
  assert.deepEqual(await nodesOf(), new Set(["node-1", "node-2"]));
});

test("a machine whose power is back at once starts its pods' containers again", async t => {
  const cluster = await createCluster({ nodes: 1, images });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  const [before] = (await cluster.client.list({ apiVersion: "v1", kind: "Pod" })).items;
  cluster.nodes.stop("node-1");
  await cluster.clock.advance("2s");
  await assert.rejects(cluster.fetch("http://web"), /no route to host/);
  cluster.nodes.start("node-1");
  await cluster.settled();
  const after = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, before?.metadata.name ?? "", "default");
  assert.equal(after.metadata.uid, before?.metadata.uid);
  assert.equal(after.status.containerStatuses?.[0]?.restartCount, 1);
  assert.equal(await available(cluster), 4);
  assert.equal((await cluster.fetch("http://web")).body, "here");
});

test("a kubelet that dies takes nothing with it, and its successor adopts what runs", async t => {
  const cluster = await createCluster({ nodes: 1, images });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  cluster.nodes.stopKubelet("node-1");
  await cluster.clock.advance("2m");
  assert.equal(await available(cluster), 0, "nobody says that they are ready");
  cluster.nodes.startKubelet("node-1");
  await cluster.settled();
  assert.equal(await available(cluster), 4);
  const pods = await cluster.client.list({ apiVersion: "v1", kind: "Pod" });
  assert.deepEqual(
    pods.items.map(p => p.status.containerStatuses?.[0]?.restartCount),
    [0, 0, 0, 0],
  );
});

test("services go on while the control plane is dead for an hour; it goes on where it was", async t => {
  const cluster = await createCluster({ nodes: 2, images });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  cluster.controlPlane.stop();
  assert.equal(cluster.controlPlane.runs(), false);
  await assert.rejects(cluster.client.list({ apiVersion: "v1", kind: "Pod" }), /connection refused/);
  for (let minute = 0; minute < 60; minute++) {
    await cluster.clock.advance("1m");
    assert.equal((await cluster.fetch("http://web")).body, "here");
  }
  await cluster.controlPlane.start();
  await cluster.settled();
  assert.equal(await available(cluster), 4);
  const pods = await cluster.client.list({ apiVersion: "v1", kind: "Pod" });
  assert.deepEqual(
    pods.items.map(p => p.status.containerStatuses?.[0]?.restartCount),
    [0, 0, 0, 0],
  );
});

test("of three control planes one dies in the middle of its work, and another goes on with it", async t => {
  const cluster = await createCluster({ nodes: 2, images, controlPlanes: 3 });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.clock.advance(5);
  const lease = await cluster.client.get({ apiVersion: "coordination.k8s.io/v1", kind: "Lease" }, "kube-controller-manager", "kube-system");
  const leader = lease.spec.holderIdentity ?? "";
  assert.ok(cluster.controlPlane.names.includes(leader), leader);
  cluster.controlPlane.stop(leader);
  await cluster.settled({ within: "10m" });
  assert.equal(await available(cluster), 4);
});

test("a node whose clock is wrong is neither lost nor kept by that", async t => {
  const cluster = await createCluster({ nodes: 2, images, faults: [], invariants: "all" });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  cluster.faults.add([
    { fault: "clockSkew", node: "node-1", by: "3h", behind: true, for: "30m" },
    { fault: "clockSkew", node: "node-2", by: "3h", for: "30m" },
  ]);
  const isReady = async (name: string) =>
    (await cluster.client.get({ apiVersion: "v1", kind: "Node" }, name)).status.conditions?.find(c => c.type === "Ready")?.status;
  await cluster.clock.advance("10m");
  assert.deepEqual([await isReady("node-1"), await isReady("node-2")], ["True", "True"]);
  cluster.nodes.stop("node-2");
  await cluster.clock.advance("1m");
  assert.deepEqual([await isReady("node-1"), await isReady("node-2")], ["True", "Unknown"]);
});
