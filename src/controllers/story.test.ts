import assert from "node:assert/strict";
import { test } from "node:test";
import { testServer } from "#apiserver/testing.ts";
import { seededChance } from "#base/chance.ts";
import { parseCidr } from "#base/cidr.ts";
import { type Log, silentLog } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import { formatMicroTime, formatTime } from "#base/time.ts";
import { actingAs, createClient } from "#client/http.ts";
import { Reasons } from "#client/reasons.ts";
import { run } from "#client/testing.ts";
import { createViews } from "#client/views.ts";
import { createLoops } from "#controllers/all.ts";
import { kinds } from "#kinds/all.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { virtualClock } from "#sim/clock.ts";

const noise: string[] = [];
const log: Log = {
  ...silentLog,
  warn: (m, f) => noise.push(`${m} ${JSON.stringify(f)}`),
  error: (m, f) => noise.push(`${m} ${JSON.stringify(f)}`),
  with: () => log,
};

async function cluster() {
  noise.length = 0;
  const clock = virtualClock();
  const server = await testServer(clock);
  let writes = 0;
  const transport: typeof server.handle = request => {
    if (request.method !== "GET") writes++;
    return server.handle(request);
  };
  const clientFor = (_: unknown, userAgent: string) =>
    createClient(actingAs(transport, { name: "admin", groups: ["system:masters", "system:authenticated"] }), { userAgent, clock });
  const client = createClient(actingAs(server.handle, { name: "admin", groups: ["system:masters", "system:authenticated"] }), {
    userAgent: "test",
    clock,
  });
  const views = createViews({ client, clock, log });
  const reasons = new Reasons();
  const facts = {
    resources: () => kinds.filter(k => k.verbs.includes("list")),
    rootCa: "PEM",
    podRanges: [{ range: parseCidr("10.244.0.0/16")!, prefix: 24 }],
  };
  const loops = createLoops({ facts, clientFor, views, reasons, clock, chance: seededChance(1), log });
  await Promise.race([loops.start(), run(clock, 10_000)]);
  await run(clock, 100);
  return {
    clock,
    server,
    client,
    views,
    reasons,
    loops,
    run: (ms: number) => run(clock, ms),
    writes: () => writes,
    stop: async () => {
      await loops.stop();
      views.stop();
      await run(clock, 10);
    },
  };
}
type Cluster = Awaited<ReturnType<typeof cluster>>;

/** A node whose kubelet is heard of for another hour. */
async function healthyNode(c: Cluster) {
  const time = formatTime(c.clock.now() + 3_600_000);
  await c.client.create(Node, { metadata: { name: "n1" } });
  const ready = { type: "Ready", status: "True", lastHeartbeatTime: time, lastTransitionTime: time };
  await c.client.patch(Node, "n1", "merge", { status: { conditions: [ready] } }, { subresource: "status" });
}

/** Does what scheduler and kubelet would: gives pods a node and an address, and makes them ready; ends deleted ones. */
async function kubelet(c: Cluster, broken = "") {
  for (const pod of (await c.client.list(Pod)).items) {
    const at = { namespace: pod.metadata.namespace! };
    if (pod.metadata.deletionTimestamp) {
      await c.client.delete(Pod, pod.metadata.name!, { ...at, gracePeriodSeconds: 0 });
      continue;
    }
    if (pod.status.phase === "Running" || (broken && pod.spec.containers[0]!.image === broken)) continue;
    if (!pod.spec.nodeName) await c.client.post(Pod, pod.metadata.name!, "binding", { target: { kind: "Node", name: "n1" } } as never, at);
    const ip = `10.244.0.${(Number.parseInt(pod.metadata.uid!.slice(0, 4), 16) % 250) + 1}`;
    const condition = { type: "Ready", status: "True", lastTransitionTime: formatTime(c.clock.now()) };
    await c.client.patch(
      Pod,
      pod.metadata.name!,
      "merge",
      { status: { phase: "Running", podIP: ip, podIPs: [{ ip }], conditions: [condition] } },
      { ...at, subresource: "status" },
    );
  }
}
async function settle(c: Cluster, broken = "") {
  for (let i = 0; i < 30; i++) {
    const before = c.writes();
    await kubelet(c, broken);
    await c.run(2000);
    if (c.writes() === before) return;
  }
}
const web = (replicas: number, image: string, more: object = {}) => ({
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "c", image, ports: [{ name: "http", containerPort: 8080 }] }] },
    },
    ...more,
  },
});

test("a deployment is rolled out, rolled over and cleaned up, and then nothing is written", async () => {
  const c = await cluster();
  await healthyNode(c);
  await c.client.create(Deployment, web(3, "a:1", { revisionHistoryLimit: 1, progressDeadlineSeconds: 600 }));
  await settle(c);
  let d = await c.client.get(Deployment, "web", "default");
  assert.equal(d.status?.availableReplicas, 3);
  assert.equal(d.metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  assert.deepEqual(
    d.status?.conditions?.map(x => [x.type, x.status, x.reason]),
    [
      ["Available", "True", "MinimumReplicasAvailable"],
      ["Progressing", "True", "NewReplicaSetAvailable"],
    ],
  );
  for (const image of ["a:2", "a:3"]) {
    await c.client.patch(
      Deployment,
      "web",
      "strategic",
      { spec: { template: { spec: { containers: [{ name: "c", image }] } } } },
      { namespace: "default" },
    );
    await settle(c);
  }
  d = await c.client.get(Deployment, "web", "default");
  assert.equal(d.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  assert.equal(d.status?.updatedReplicas, 3);
  assert.equal(d.status?.replicas, 3);
  const sets = (await c.client.list(ReplicaSet)).items;
  assert.deepEqual(sets.map(s => [s.metadata.annotations?.["deployment.kubernetes.io/revision"], s.spec.replicas]).sort(), [
    ["2", 0],
    ["3", 3],
  ]);
  const events = (await c.client.list(Event)).items.map(e => e.message);
  assert.ok(
    events.some(m => /^Scaled up replica set web-\w+ from 0 to 3$/.test(m ?? "")),
    events.join("\n"),
  );
  const before = c.writes();
  await c.run(300_000);
  assert.equal(c.writes(), before);
  const pod = (await c.client.list(Pod)).items[0]!;
  const chain = c.reasons.of({ kind: "Pod", namespace: "default", name: pod.metadata.name! });
  assert.ok(chain.some(r => r.intent.kind === "ReplicaSet"));
  await c.stop();
  assert.deepEqual(
    noise.filter(n => !n.includes("conflict")),
    [],
  );
});

test("a rollout that hangs is scaled in proportion", async () => {
  const c = await cluster();
  const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await c.client.create(Deployment, web(10, "a:1", { strategy }));
  await settle(c);
  await c.client.patch(
    Deployment,
    "web",
    "strategic",
    { spec: { template: { spec: { containers: [{ name: "c", image: "a:404" }] } } } },
    { namespace: "default" },
  );
  await settle(c, "a:404");
  const sizes = async () =>
    (await c.client.list(ReplicaSet)).items.map(s => [s.spec.template.spec.containers[0]!.image, s.spec.replicas]).sort();
  assert.deepEqual(await sizes(), [
    ["a:1", 8],
    ["a:404", 5],
  ]);
  await c.client.patch(Deployment, "web", "merge", { spec: { replicas: 30 } }, { namespace: "default" });
  await settle(c, "a:404");
  assert.deepEqual(await sizes(), [
    ["a:1", 20],
    ["a:404", 13],
  ]);
  await c.stop();
});

test("services have endpoints and slices, which follow their pods", async () => {
  const c = await cluster();
  await c.client.create(Service, {
    metadata: { name: "web", namespace: "default" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  });
  await c.run(1000);
  let [slice] = (await c.client.list(EndpointSlice, { labelSelector: "kubernetes.io/service-name=web" })).items;
  assert.deepEqual(slice?.endpoints, []);
  await c.client.create(Deployment, web(2, "a:1"));
  await settle(c);
  [slice] = (await c.client.list(EndpointSlice, { labelSelector: "kubernetes.io/service-name=web" })).items;
  assert.equal(slice?.endpoints?.length, 2);
  assert.equal(slice?.ports?.[0]?.port, 8080);
  assert.equal(slice?.endpoints?.[0]?.conditions.ready, true);
  const endpoints = await c.client.get(Endpoints, "web", "default");
  assert.equal(endpoints.subsets?.[0]?.addresses?.length, 2);
  await c.client.delete(Service, "web", { namespace: "default" });
  await settle(c);
  assert.equal((await c.client.list(EndpointSlice, { labelSelector: "kubernetes.io/service-name=web" })).items.length, 0);
  await assert.rejects(c.client.get(Endpoints, "web", "default"), e => reasonOf(e) === "NotFound");
  await c.stop();
});

test("what a deployment owns goes with it: background, foreground and orphan", async () => {
  for (const propagation of ["Background", "Foreground", "Orphan"] as const) {
    const c = await cluster();
    await c.client.create(Deployment, web(2, "a:1"));
    await settle(c);
    await c.client.delete(Deployment, "web", { namespace: "default", propagation });
    await settle(c);
    await settle(c);
    const left = [
      (await c.client.list(Deployment)).items.length,
      (await c.client.list(ReplicaSet)).items.length,
      (await c.client.list(Pod)).items.length,
    ];
    assert.deepEqual(left, propagation === "Orphan" ? [0, 1, 2] : [0, 0, 0], propagation);
    if (propagation === "Orphan") assert.equal((await c.client.list(ReplicaSet)).items[0]!.metadata.ownerReferences, undefined);
    await c.stop();
  }
});

test("a namespace gets its account and certificate, and goes with all that is in it, pods first", async () => {
  const c = await cluster();
  await c.client.create(Namespace, { metadata: { name: "x" }, spec: { finalizers: ["kubernetes"] } });
  await c.run(1000);
  assert.ok(await c.client.get(ServiceAccount, "default", "x"));
  assert.equal((await c.client.get(ConfigMap, "kube-root-ca.crt", "x")).data?.["ca.crt"], "PEM");
  await c.client.create(Pod, {
    metadata: { name: "p", namespace: "x", finalizers: ["a/b"] },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  await c.client.delete(Namespace, "x");
  await c.run(3000);
  const dying = await c.client.get(Namespace, "x");
  assert.equal(dying.status?.phase, "Terminating");
  assert.ok(dying.status?.conditions?.some(k => k.type === "NamespaceFinalizersRemaining" && k.status === "True"));
  assert.ok(await c.client.get(ConfigMap, "kube-root-ca.crt", "x"));
  await c.client.patch(Pod, "p", "merge", { metadata: { finalizers: null } }, { namespace: "x" });
  await c.run(5000);
  await assert.rejects(c.client.get(Namespace, "x"), e => reasonOf(e) === "NotFound");
  await c.stop();
});

test("a node whose kubelet is silent is tainted, and its pods leave when their time is up", async () => {
  const c = await cluster();
  await c.client.create(Node, { metadata: { name: "n1" } });
  await c.client.create(Namespace, { metadata: { name: "kube-node-lease" } }).catch(() => undefined);
  const beat = () => ({
    metadata: { name: "n1", namespace: "kube-node-lease" },
    spec: { holderIdentity: "n1", renewTime: formatMicroTime(c.clock.now()) },
  });
  await c.client.create(Lease, beat());
  const ready = {
    type: "Ready",
    status: "True",
    lastHeartbeatTime: formatTime(c.clock.now()),
    lastTransitionTime: formatTime(c.clock.now()),
    reason: "KubeletReady",
  };
  await c.client.patch(Node, "n1", "merge", { status: { conditions: [ready] } }, { subresource: "status" });
  const tolerations = [{ key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 }];
  await c.client.create(Pod, {
    metadata: { name: "p", namespace: "default", finalizers: ["a/b"] },
    spec: { nodeName: "n1", tolerations, containers: [{ name: "c", image: "i" }] },
  });
  for (let i = 0; i < 6; i++) {
    await c.run(10_000);
    await c.client.patch(Lease, "n1", "merge", { spec: beat().spec }, { namespace: "kube-node-lease" });
  }
  let node = await c.client.get(Node, "n1");
  assert.equal(node.spec.taints, undefined);
  assert.equal(node.spec.podCIDR, "10.244.0.0/24");
  await c.run(45_000);
  assert.equal((await c.client.get(Node, "n1")).spec.taints, undefined, "a kubelet may be silent for 50 s");
  await c.run(10_000);
  node = await c.client.get(Node, "n1");
  assert.equal(node.status.conditions?.find(x => x.type === "Ready")?.status, "Unknown");
  assert.deepEqual(
    node.spec.taints?.map(t => `${t.key}:${t.effect}`),
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  );
  assert.equal((await c.client.get(Pod, "p", "default")).metadata.deletionTimestamp, undefined);
  await c.run(65_000);
  const pod = await c.client.get(Pod, "p", "default");
  assert.ok(pod.metadata.deletionTimestamp);
  assert.equal(pod.status.conditions?.find(x => x.type === "DisruptionTarget")?.reason, "DeletionByTaintManager");
  // it is back: what it says of itself holds, though its lease is renewed only after that
  const again = { ...ready, lastHeartbeatTime: formatTime(c.clock.now()) };
  await c.client.patch(Node, "n1", "merge", { status: { conditions: [again] } }, { subresource: "status" });
  await c.run(100);
  await c.client.patch(Lease, "n1", "merge", { spec: beat().spec }, { namespace: "kube-node-lease" });
  await c.run(1000);
  node = await c.client.get(Node, "n1");
  assert.equal(node.status.conditions?.find(x => x.type === "Ready")?.status, "True");
  assert.deepEqual(node.spec.taints ?? [], []);
  await c.client.patch(Pod, "p", "merge", { metadata: { finalizers: null } }, { namespace: "default" });
  await c.client.delete(Node, "n1");
  await c.run(60_000);
  await assert.rejects(c.client.get(Pod, "p", "default"), e => reasonOf(e) === "NotFound");
  await c.stop();
});
