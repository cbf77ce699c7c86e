import assert from "node:assert/strict";
import { test } from "node:test";
import { createCluster } from "coxswain";

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - { name: app, image: "web:1" }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

test("a deployment is applied, settles and is told of", async t => {
  const cluster = await createCluster({ seed: 7, nodes: 2 });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  const web = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
  assert.equal(web.status.availableReplicas, 3);
  const pods = await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default" });
  assert.deepEqual(new Set(pods.items.map(p => p.spec.nodeName)), new Set(["node-1", "node-2"]));
  assert.match(await cluster.why("pod", pods.items[0]?.metadata.name ?? ""), /it exists because/);
});

test("the same seed gives the same history byte for byte; another seed another", async () => {
  const story = async (seed: number) => {
    const cluster = await createCluster({ seed, nodes: 3 });
    await cluster.apply(WEB);
    await cluster.clock.advance("1m");
    // what the caller waits for in between is no part of the story
    if (Math.random() < 0.5) await new Promise(resolve => setTimeout(resolve, 5));
    await cluster.client.patch({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { spec: { replicas: 5 } }, { namespace: "default" });
    await cluster.settled();
    await cluster.client.delete({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { namespace: "default" });
    await cluster.settled();
    const history = cluster.history();
    await cluster.close();
    return JSON.stringify(history, undefined, 1);
  };
  const first = await story(3);
  assert.equal(await story(3), first);
  assert.notEqual(await story(4), first);
});
