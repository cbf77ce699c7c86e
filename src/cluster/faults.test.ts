/** What a cluster with faults does where time, and those who wait for it, meet them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCluster } from "coxswain";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;
const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: "web:1" }] }
`;

test("a request that arrives a second time, when nobody serves any more, harms nobody", async t => {
  const cluster = await createCluster({
    nodes: 1,
    faults: [
      { at: "1m", fault: "message", does: "repeat", rate: 1, for: "1m" },
      { at: "61s", fault: "controlPlaneDeath", for: "1m" },
    ],
  });
  t.after(() => cluster.close());
  await cluster.clock.advance("5m");
  assert.equal(cluster.faults.pending, 0);
});

test("after a fault's end there is time for those who were kept from their work", async t => {
  const cluster = await createCluster({
    nodes: 1,
    invariants: "all",
    faults: [{ at: "1m", fault: "partition", who: "deployment-controller", for: "200s" }],
  });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.clock.advance("90s");
  await cluster.client.patch(DEPLOYMENT, "web", { spec: { replicas: 3 } }, { namespace: "default" });
  await cluster.clock.advance("171s");
  assert.equal(cluster.faults.pending, 0);
  assert.equal((await cluster.client.get(DEPLOYMENT, "web", "default")).status.availableReplicas, 1);
  await cluster.settled();
  assert.equal((await cluster.client.get(DEPLOYMENT, "web", "default")).status.availableReplicas, 3);
});

test("a fork goes on with the faults that are to come or go on, not with those that are over", async t => {
  const cluster = await createCluster({
    nodes: 2,
    faults: [
      { at: "1m", fault: "nodeDeath", node: "node-1", for: "1m" },
      { at: "5m", fault: "nodeDeath", node: "node-2", for: "5m" },
      { at: "20m", fault: "kubeletDeath", node: "node-1", for: "5m" },
    ],
  });
  t.after(() => cluster.close());
  await cluster.clock.advance("8m");
  const fork = await cluster.fork();
  t.after(() => fork.close());
  assert.equal(fork.faults.pending, 2);
  for (const one of [cluster, fork]) {
    assert.deepEqual([one.nodes.state("node-1").on, one.nodes.state("node-2").on], [true, false]);
    await one.clock.advance("3m");
    assert.deepEqual([one.nodes.state("node-1").on, one.nodes.state("node-2").on], [true, true]);
    await one.clock.advance("11m");
    assert.equal(one.nodes.state("node-1").kubelet, false);
    await one.clock.advance("5m");
    assert.equal(one.nodes.state("node-1").kubelet, true);
  }
});
