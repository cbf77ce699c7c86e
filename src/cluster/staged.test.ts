import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterOptions, createCluster } from "coxswain";

const web = (replicas: number, template = "") => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }${template} }
    spec:
      initContainers:
      - { name: first, image: "first:1" }
      containers:
      - { name: app, image: "web:1" }
`;
const POD = { apiVersion: "v1", kind: "Pod" } as const;
const NODE = { apiVersion: "v1", kind: "Node" } as const;
async function make(t: { after(run: () => unknown): void }, options: ClusterOptions) {
  const cluster = await createCluster(options);
  t.after(() => cluster.close());
  return cluster;
}

test("the built-in stages play nodes and pods, from nothing to deletion", async t => {
  const cluster = await make(t, { nodes: 5, stages: "fast" });
  await cluster.apply(web(20));
  await cluster.settled();
  const { items } = await cluster.client.list(POD, { namespace: "default" });
  assert.equal(items.length, 20);
  assert.ok(items.every(p => p.status.phase === "Running" && p.status.conditions?.some(c => c.type === "Ready" && c.status === "True")));
  assert.equal(new Set(items.map(p => p.status.podIP)).size, 20, "every pod has an address of its own");
  assert.equal(items[0]?.status.initContainerStatuses?.[0]?.state?.terminated?.reason, "Completed");
  const node = await cluster.client.get(NODE, items[0]?.spec.nodeName ?? "");
  assert.equal(items[0]?.status.hostIP, node.status.addresses?.[0]?.address);
  await cluster.apply(web(0));
  await cluster.settled();
  assert.equal((await cluster.client.list(POD, { namespace: "default" })).items.length, 0);
  assert.match(cluster.history().find(e => e.kind === "Pod" && e.did === "delete")?.because ?? "", /^stage pod-delete$/);
});

test("nodes stay Ready by their leases, and a node without power does not", async t => {
  const cluster = await make(t, { nodes: 3, stages: "fast" });
  await cluster.apply(web(6));
  await cluster.settled();
  const ready = async () => {
    const { items } = await cluster.client.list(NODE);
    return items.filter(n => n.status.conditions?.some(c => c.type === "Ready" && c.status === "True")).map(n => n.metadata.name);
  };
  await cluster.clock.advance("10m");
  assert.deepEqual(await ready(), ["node-1", "node-2", "node-3"]);
  cluster.nodes.stop("node-2");
  await cluster.clock.advance("15m");
  assert.deepEqual(await ready(), ["node-1", "node-3"]);
  const living = (await cluster.client.list(POD, { namespace: "default" })).items.filter(p => !p.metadata.deletionTimestamp);
  assert.deepEqual(new Set(living.map(p => p.spec.nodeName)), new Set(["node-1", "node-3"]));
  cluster.nodes.start("node-2");
  await cluster.settled();
  assert.deepEqual(await ready(), ["node-1", "node-2", "node-3"]);
  assert.equal((await cluster.client.list(POD, { namespace: "default" })).items.length, 6);
});

const SLOW = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-run }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
    - { key: .status.phase, operator: In, values: [Pending] }
    - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
  delay:
    durationMilliseconds: 10000
    jitterDurationMilliseconds: 60000
    durationFrom: { expressionFrom: '.metadata.annotations["after"]' }
  next:
    event: { type: Normal, reason: Rising, message: it rises }
    finalizers: { add: [{ value: example.com/held }] }
    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      conditions: [{ type: Ready, status: "True" }]
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-end }
spec:
  resourceRef: { kind: Pod }
  selector: { matchExpressions: [{ key: .metadata.deletionTimestamp, operator: Exists }] }
  next: { finalizers: { empty: true }, delete: true }
`;

test("delays with jitter, events and finalizers; the same seed gives the same history", async t => {
  const play = async (seed: number) => {
    const cluster = await make(t, { seed, nodes: 2, stages: SLOW });
    await cluster.apply(web(8));
    await cluster.settled({ quiet: "2m" });
    const { items } = await cluster.client.list(POD, { namespace: "default" });
    const waited = items.map(p => Date.parse(p.status.startTime ?? "") - Date.parse(p.metadata.creationTimestamp ?? ""));
    assert.ok(
      waited.every(ms => ms >= 9000 && ms <= 62_000),
      `within the range: ${waited}`,
    );
    assert.ok(new Set(waited).size > 1, "not all alike");
    assert.deepEqual(items[0]?.metadata.finalizers, ["example.com/held"]);
    const events = await cluster.client.list({ apiVersion: "v1", kind: "Event" }, { namespace: "default" });
    assert.equal(events.items.filter(e => e.reason === "Rising").length, 8);
    await cluster.apply(web(0));
    await cluster.settled();
    assert.equal((await cluster.client.list(POD, { namespace: "default" })).items.length, 0);
    return cluster.history();
  };
  assert.deepEqual(await play(3), await play(3));
});

test("a delay that the pod itself names", async t => {
  // a jitter below the delay would stand in its place
  const stages = SLOW.replace(/ +jitterDurationMilliseconds.*\n/, "");
  const cluster = await make(t, { nodes: 1, stages });
  await cluster.apply(web(1, ', annotations: { after: "2h" }'));
  await cluster.clock.advance("1h");
  const phase = async () => (await cluster.client.list(POD, { namespace: "default" })).items[0]?.status.phase;
  assert.equal(await phase(), "Pending");
  await cluster.clock.advance("62m");
  assert.equal(await phase(), "Running");
});

test("a node with kwok's annotation is played as well; any other node is left alone", async t => {
  const cluster = await make(t, { nodes: 1, stages: "fast" });
  const node = (name: string, annotations: Record<string, string>) => ({ ...NODE, metadata: { name, annotations } });
  await cluster.client.create(node("mine", { "kwok.x-k8s.io/node": "fake" }));
  await cluster.client.create(node("real", {}));
  await cluster.clock.advance("10m");
  const condition = async (name: string) => (await cluster.client.get(NODE, name)).status.conditions?.find(c => c.type === "Ready")?.status;
  assert.equal(await condition("mine"), "True");
  assert.equal(await condition("real"), "Unknown");
});

test("there is nothing to look into, and that is said", async t => {
  const cluster = await make(t, { nodes: 1, stages: "fast" });
  await cluster.apply(web(1));
  await cluster.settled();
  const name = (await cluster.client.list(POD, { namespace: "default" })).items[0]?.metadata.name;
  const answer = await cluster.transport({ method: "GET", url: `/api/v1/namespaces/default/pods/${name}/log`, headers: {} });
  assert.equal(answer.status, 501);
  assert.match(new TextDecoder().decode(answer.body as Uint8Array), /is played by stages: its containers do not run/);
});

test("a fork goes on as the cluster was", async t => {
  const cluster = await make(t, { nodes: 2, stages: "fast" });
  await cluster.apply(web(4));
  await cluster.settled();
  const fork = await cluster.fork();
  t.after(() => fork.close());
  await fork.apply(web(6));
  await fork.settled();
  const { items } = await fork.client.list(POD, { namespace: "default" });
  assert.equal(new Set(items.map(p => p.status.podIP)).size, 6);
  assert.equal((await cluster.client.list(POD, { namespace: "default" })).items.length, 4);
});

test("a stage whose template fails on a pod says so in an event", async t => {
  const stages = SLOW.replace("phase: Running", "phase: {{ index .spec.containers 7 }}");
  const cluster = await make(t, { nodes: 1, stages });
  await cluster.apply(web(1));
  await cluster.settled({ quiet: "2m" });
  const events = await cluster.client.list({ apiVersion: "v1", kind: "Event" }, { namespace: "default" });
  const failed = events.items.find(e => e.reason === "StageFailed");
  assert.match(failed?.message ?? "", /^stage pod-run: its template fails on this object: line 1: index: index out of range: 7$/);
});

test("staged nodes die and come back by faults; they have no machines that could fail otherwise", async t => {
  const cluster = await make(t, {
    nodes: 3,
    stages: "fast",
    invariants: "all",
    faults: [
      { at: "1m", fault: "nodeDeath", node: "node-2", for: "20m" },
      { at: "40m", fault: "kubeletDeath", node: "node-3", for: "20m" },
    ],
  });
  await cluster.apply(web(6));
  const ready = async (name: string) =>
    (await cluster.client.get(NODE, name)).status.conditions?.find(c => c.type === "Ready")?.status === "True";
  await cluster.clock.advance("15m");
  assert.deepEqual(cluster.nodes.state("node-2"), { on: false, kubelet: false });
  assert.deepEqual([await ready("node-2"), await ready("node-3")], [false, true]);
  const living = (await cluster.client.list(POD, { namespace: "default" })).items.filter(p => !p.metadata.deletionTimestamp);
  assert.deepEqual(new Set(living.map(p => p.spec.nodeName)), new Set(["node-1", "node-3"]));
  await cluster.clock.advance("15m");
  assert.equal(await ready("node-2"), true);
  await cluster.clock.advance("20m");
  assert.deepEqual([await ready("node-2"), await ready("node-3")], [true, false]);
  await cluster.clock.advance("30m");
  await cluster.settled();
  assert.equal(await ready("node-3"), true);
  assert.throws(
    () => cluster.faults.add([{ fault: "pressure", node: "node-1", of: "memory" }]),
    /^Error: faults\[0\]\.node: the cluster has no simulated machines$/,
  );
});
