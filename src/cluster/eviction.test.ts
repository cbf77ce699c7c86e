/** Nodes that run short, as a whole cluster sees it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, createCluster } from "coxswain";

const POD = { apiVersion: "v1", kind: "Pod" } as const;
const EVENT = { apiVersion: "v1", kind: "Event" } as const;
const pod = (name: string, image: string, requests = {}) => ({
  ...POD,
  metadata: { name, namespace: "default" },
  spec: { nodeName: "node-1", containers: [{ name: "app", image, resources: { requests } }] },
});
const statusOf = async (cluster: Cluster, name: string) => (await cluster.client.get(POD, name, "default")).status;
const node = async (cluster: Cluster) => {
  const { spec, status } = await cluster.client.get({ apiVersion: "v1", kind: "Node" }, "node-1");
  const says = status.conditions?.filter(c => c.type !== "Ready" && c.status === "True").map(c => c.type);
  return { says, taints: spec.taints?.map(t => t.key) ?? [] };
};

test("a pod that uses more memory than the node has is evicted, in upstream's words; the others stay", async t => {
  const cluster = await createCluster({ nodes: 1, images: { hungry: () => ({ memory: "7Gi" }), modest: () => ({ memory: "960Mi" }) } });
  t.after(() => cluster.close());
  await cluster.apply([pod("modest", "modest:1", { memory: "1Gi" }), pod("hungry", "hungry:1", { memory: "64Mi" })]);
  await cluster.clock.advance("30s");
  const evicted = await statusOf(cluster, "hungry");
  assert.equal(evicted.phase, "Failed");
  assert.equal(evicted.reason, "Evicted");
  assert.equal(
    evicted.message,
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. Container app was using 7Gi, request is 64Mi, has larger consumption of memory. ",
  );
  const disrupted = evicted.conditions?.find(c => c.type === "DisruptionTarget");
  assert.deepEqual([disrupted?.status, disrupted?.reason], ["True", "TerminationByKubelet"]);
  assert.equal((await statusOf(cluster, "modest")).phase, "Running");
  const events = (await cluster.client.list(EVENT, { namespace: "default" })).items;
  assert(events.some(e => e.reason === "Evicted" && e.message === evicted.message));
  assert(events.some(e => e.reason === "EvictionThresholdMet" && e.message === "Attempting to reclaim memory"));
  assert.deepEqual(await node(cluster), { says: ["MemoryPressure"], taints: ["node.kubernetes.io/memory-pressure"] });

  // a pod without requests finds no place there for five minutes after
  await cluster.apply(pod("late", "modest:1"));
  await cluster.clock.advance("10s");
  const late = await statusOf(cluster, "late");
  assert.deepEqual([late.reason, late.message], ["Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. "]);
  await cluster.clock.advance("6m");
  assert.deepEqual(await node(cluster), { says: [], taints: [] });
  await cluster.settled();
});

test("pressure on the disk takes what nobody uses first, then pod after pod; critical ones stay", async t => {
  const cluster = await createCluster({ nodes: 2, faults: [], invariants: "all" });
  t.after(() => cluster.close());
  await cluster.apply([
    { ...pod("gone", "once:1"), spec: { ...pod("gone", "once:1").spec, restartPolicy: "Never" } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default" },
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:1" }] } },
      },
    },
    {
      ...pod("critical", "web:1"),
      metadata: { name: "critical", namespace: "kube-system" },
      spec: { ...pod("critical", "web:1").spec, priorityClassName: "system-node-critical" },
    },
  ]);
  await cluster.settled();
  await cluster.client.delete(POD, "gone", { namespace: "default" });
  await cluster.clock.advance("10m");
  cluster.faults.add([{ fault: "pressure", node: "node-1", of: "disk", for: "2m" }]);
  await cluster.clock.advance("1m");
  const images = (await cluster.client.get({ apiVersion: "v1", kind: "Node" }, "node-1")).status.images?.flatMap(i => i.names ?? []) ?? [];
  assert(!images.includes("once:1") && images.includes("web:1"), `what nobody uses is gone: ${images}`);
  await cluster.clock.advance("2m");
  await cluster.settled();
  const pods = (await cluster.client.list(POD)).items;
  const on = (name: string) => pods.filter(p => p.spec.nodeName === name && p.status.phase === "Running").map(p => p.metadata.namespace);
  assert.deepEqual(on("node-1"), ["kube-system"]);
  assert.equal(on("node-2").length, 4);
  assert(
    pods.some(p => p.status.reason === "Evicted" && p.status.message?.startsWith("The node was low on resource: ephemeral-storage. ")),
  );
});

const GIB = 1024 ** 3;
test("below a soft threshold pods go when it has lasted, are given what the node allows, and go on going until enough is there again", async t => {
  let free = 8 * GIB;
  const cluster = await createCluster({
    nodes: 1,
    images: { grower: () => ({ disk: () => 80 * GIB - free, stopTakes: "1h" }), small: () => ({}) },
    kubelet: {
      evictionSoft: { "nodefs.available": "20Gi" },
      evictionSoftGracePeriod: { "nodefs.available": "90s" },
      evictionMinimumReclaim: { "nodefs.available": "5Gi" },
      evictionMaxPodGracePeriod: 20,
      evictionPressureTransitionPeriod: "1m",
    },
  });
  t.after(() => cluster.close());
  free = 60 * GIB;
  await cluster.apply([pod("grower", "grower:1"), pod("small", "small:1")]);
  await cluster.clock.advance("30s");
  free = 15 * GIB;
  await cluster.clock.advance("1m");
  assert.equal((await statusOf(cluster, "grower")).phase, "Running");
  assert.deepEqual((await node(cluster)).says, ["DiskPressure"], "the node says so before the grace is over");
  await cluster.clock.advance("45s");
  const going = await statusOf(cluster, "grower");
  assert.equal(going.phase, "Running", "it is given twenty seconds");
  await cluster.clock.advance("30s");
  const gone = await statusOf(cluster, "grower");
  assert.deepEqual([gone.phase, gone.reason], ["Failed", "Evicted"]);
  assert.match(gone.message ?? "", /^The node was low on resource: ephemeral-storage\. Threshold quantity: 20Gi, available: 15Gi\. /);
  assert.equal(gone.containerStatuses?.[0]?.state?.terminated?.exitCode, 137);
  // 22 GiB are above the threshold, but not by as much as is to be reclaimed
  free = 22 * GIB;
  await cluster.clock.advance("1m");
  assert.equal((await statusOf(cluster, "small")).reason, "Evicted");
  free = 26 * GIB;
  await cluster.clock.advance("2m");
  assert.deepEqual((await node(cluster)).says, []);
  await cluster.settled();
});

test("a pod that takes more of the disk than it said itself goes, in upstream's words, and nobody else", async t => {
  let written = "100Mi";
  const limits = { "ephemeral-storage": "1Gi" };
  const cluster = await createCluster({
    nodes: 1,
    images: {
      layer: () => ({ disk: () => written }),
      cache: () => ({ volumes: { cache: () => written, free: "3Gi" } }),
      talker: ({ print, sleep }) => ({
        disk: "900Mi",
        async main() {
          await sleep("1m");
          print("x".repeat(900_000));
          await sleep("1h");
        },
      }),
    },
  });
  t.after(() => cluster.close());
  const limited = (name: string, image: string, containers: object[], volumes: object[] = []) => ({
    ...POD,
    metadata: { name, namespace: "default" },
    spec: { nodeName: "node-1", volumes, containers: containers.map((c, i) => ({ name: `c${i}`, image, ...c })) },
  });
  const volumes = [
    { name: "cache", emptyDir: { sizeLimit: "500Mi" } },
    { name: "free", emptyDir: {} },
  ];
  await cluster.apply([
    limited("layer", "layer", [{ resources: { limits } }, { resources: { limits: { "ephemeral-storage": "8Gi" } } }]),
    limited("whole", "layer", [{ resources: { limits } }, {}]),
    limited("cache", "cache", [{ volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })) }], volumes),
    limited("talker", "talker", [{ resources: { limits: { "ephemeral-storage": "921700Ki" } } }]),
    limited("unlimited", "layer", [{}]),
  ]);
  await cluster.clock.advance("50s");
  const said = async (name: string) => {
    const { phase, reason, message, conditions } = await statusOf(cluster, name);
    assert.equal(
      conditions?.find(c => c.type === "DisruptionTarget"),
      undefined,
    );
    return [phase, reason, message];
  };

  for (const name of ["layer", "whole", "cache", "talker", "unlimited"]) assert.equal((await said(name))[0], "Running", name);
  written = "1100Mi";
  await cluster.clock.advance("2m");
  const evicted = (message: string) => ["Failed", "Evicted", message];
  assert.deepEqual(await said("cache"), evicted('Usage of EmptyDir volume "cache" exceeds the limit "500Mi". '));
  assert.deepEqual(await said("layer"), evicted('Container c0 exceeded its local ephemeral storage limit "1Gi". '));
  assert.deepEqual(await said("whole"), evicted("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "));
  // its log counts, too
  assert.deepEqual(await said("talker"), evicted("Pod ephemeral local storage usage exceeds the total limit of containers 921700Ki. "));
  assert.equal((await said("unlimited"))[0], "Running");
  assert.deepEqual((await node(cluster)).says, []);
  const events = (await cluster.client.list(EVENT, { namespace: "default" })).items;
  assert.equal(events.filter(e => e.reason === "Evicted" && e.involvedObject.name === "cache").length, 1);
});
