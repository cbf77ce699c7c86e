import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import type { Cluster } from "#cluster/create/cluster.ts";
import { createCluster } from "#cluster/index.ts";
import { changeOf } from "#cluster/plan/change.ts";
import { planOf } from "#cluster/plan/plan.ts";
import { stateOf } from "#cluster/plan/state.ts";
import { toldPlan } from "#cluster/plan/told.ts";
import { processHost } from "#cluster/processhost.ts";

const web = (replicas: number, image: string, cpu = "100m") => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "${image}", resources: {requests: {cpu: ${cpu}}}}
`;
const settings = (colour: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: ${colour}}
`;
/** What would come of `change`, in lines, with the parts of generated names blotted out. */
async function planned(live: Cluster, change: string, remove = false): Promise<string> {
  const before = live.history().length;
  const state = stateOf(text(await bytesOf(await live.transport({ method: "GET", url: "/coxswain/state", headers: {} }))));
  const plan = await planOf(processHost(), state, changeOf([{ name: "change.yaml", text: change }], { remove, namespace: undefined }));
  assert.equal(live.history().length, before, "nothing was written in the cluster itself");
  return toldPlan(plan)
    .join("\n")
    .replaceAll(/web-[a-z0-9]{6,10}(-[a-z0-9]{5})?/g, (_, pod) => (pod ? "web-POD" : "web-SET"));
}

test("what a change would do is told, and nothing is changed", async () => {
  const live = await createCluster({ nodes: 2 });
  await live.apply(`${web(3, "shop/web:1")}---${settings("blue")}`);
  await live.settled();

  assert.equal(await planned(live, settings("blue")), "The change would change nothing.\n\nnothing. Nothing in the cluster has changed.");
  const scaled = await planned(live, `${web(4, "shop/web:1")}---${settings("red")}`);
  assert.match(scaled, /^~ change {2}configmap\/settings -n default\n {4}\.data\.colour: "blue" → "red"$/m);
  assert.match(scaled, /^~ change {2}deployment\.apps\/web -n default\n {4}\.spec\.replicas: 3 → 4$/m);
  assert.match(scaled, /^\+ create {2}pod\/web-POD -n default {2}\(replicaset-controller: 3 of 4 pods exist\)$/m);
  assert.doesNotMatch(scaled, /delete|restart|pending/);

  const rolled = await planned(live, web(3, "shop/web:2"));
  assert.match(rolled, /\.spec\.template\.spec\.containers\[name="web"\]\.image: "shop\/web:1" → "shop\/web:2"/);
  assert.match(rolled, /create {2}replicaset\.apps\/web-SET/);
  assert.equal(rolled.match(/^\+ create {2}pod/gm)?.length, 3);
  assert.equal(rolled.match(/^- delete {2}pod.*replicaset-controller: \d pods exist, \d (is|are) wanted/gm)?.length, 3);

  const large = await planned(live, web(3, "shop/web:1", "3"));
  assert.match(large, /^… pending pod\/web-POD -n default {2}\(0\/2 nodes are available: 2 Insufficient cpu/m);
  assert.match(await planned(live, web(3, "shop/web:1"), true), /^- delete {2}deployment\.apps\/web -n default$/m);
  await assert.rejects(planned(live, web(-1, "shop/web:1")), /spec\.replicas: Invalid value: -1/);
  await live.close();
});

test("a plan begins where the cluster stands: what fails there does not run well in the plan", async () => {
  const live = await createCluster({ nodes: 1, images: { "shop/bad": () => ({ runsFor: "1s", exitCode: 3 }) } });
  await live.apply(web(2, "shop/bad:1"));
  await live.clock.advance("3m");
  const said = await planned(live, settings("green"));
  assert.match(said, /^\+ create {2}configmap\/settings -n default$/m);
  assert.doesNotMatch(said.replace(/Also without the change:.*/s, ""), /pod\/web-POD/);
  await live.close();
});

const cordoned = (taints: string) =>
  `{apiVersion: v1, kind: Node, metadata: {name: node-1}, spec: {unschedulable: true, taints: [${taints}]}}`;

test("a plan's nodes are as large as the cluster's, keep back as much, and are of the same make", async () => {
  const live = await createCluster({ nodes: 1, kubelet: { evictionHard: { "memory.available": "10Gi", "nodefs.available": "70%" } } });
  await live.client.patch({ apiVersion: "v1", kind: "Node" }, "node-1", { metadata: { labels: { "kubernetes.io/arch": "arm64" } } });
  const nodeInfo = { architecture: "arm64" };
  await live.client.patch({ apiVersion: "v1", kind: "Node" }, "node-1", { status: { nodeInfo } }, { subresource: "status" });
  const pod = (requests: string) => `
apiVersion: v1
kind: Pod
metadata: {name: large}
spec:
  nodeSelector: {kubernetes.io/arch: arm64}
  containers: [{name: c, image: "shop/web:1", resources: {requests: {${requests}}}}]
`;
  assert.match(await planned(live, pod("memory: 7Gi")), /^… pending pod\/large -n default {2}\(0\/1 nodes .* 1 Insufficient memory/m);
  assert.match(
    await planned(live, pod("ephemeral-storage: 40Gi")),
    /^… pending pod\/large -n default {2}\(0\/1 nodes .* 1 Insufficient ephemeral-storage/m,
  );
  const fits = await planned(live, pod("memory: 5Gi, ephemeral-storage: 20Gi"));
  assert.match(fits, /^\+ create {2}pod\/large -n default$/m);
  assert.doesNotMatch(fits, /pending|node\/node-1/);
  await live.close();
});

test("what becomes of a node is told: cordoned, drained by a taint, deleted", async () => {
  const live = await createCluster({ nodes: 1 });
  await live.apply(web(1, "shop/web:1"));
  await live.settled();
  const closed = await planned(live, cordoned(""));
  assert.match(closed, /^~ change {2}node\/node-1\n {4}\.spec\.unschedulable: true is new$/m);
  assert.doesNotMatch(closed, /evict|pending|delete/);

  const drained = await planned(live, cordoned("{key: away, effect: NoExecute}"));
  assert.match(
    drained,
    /^- evict {3}pod\/web-POD -n default {2}\(taint-eviction-controller: it does not tolerate a taint of its node: away\)$/m,
  );
  assert.match(drained, /^… pending pod\/web-POD -n default {2}\(0\/1 nodes are available: 1 node\(s\) were unschedulable/m);

  const gone = await planned(live, "{apiVersion: v1, kind: Node, metadata: {name: node-1}}", true);
  assert.match(gone, /^- delete {2}node\/node-1$/m);
  assert.match(
    gone,
    /^- delete {2}pod\/web-POD -n default {2}\(pod-garbage-collector: /m,
    "after the 40 s that its garbage collector waits for a node to come back",
  );
  await live.close();
});

test("a Secret's words stand in no plan", async () => {
  const live = await createCluster({ nodes: 0 });
  const secret = (word: string) => `{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {word: ${word}, ${word}: x}}`;
  await live.apply(secret("first"));
  const said = await planned(live, secret("second"));
  assert.match(said, /^~ change {2}secret\/s -n default\n {4}\.data\.word: \*\*\* → \*\*\*$/m);
  assert.match(said, /\.data\.second: \*\*\* is new/);
  await live.close();
});

test("what cannot be planned is refused in a sentence that names the file", async () => {
  const live = await createCluster({ nodes: 0 });
  for (const [change, says] of [
    ["a: [", "change.yaml: yaml: line 1: unexpected end of the stream within a flow collection"],
    ["", "change.yaml: no objects passed to apply"],
    ["# nothing\n---\n", "change.yaml: no objects passed to apply"],
    ["[5]", "change.yaml: an object needs apiVersion and kind"],
    ["{apiVersion: v1, kind: Pod}", "change.yaml: the Pod has no metadata.name"],
    ["{apiVersion: v1, kind: Pod, kind: Node}", 'change.yaml: line 1: key "kind" already set in map'],
    ["{apiVersion: v2, kind: Pod, metadata: {name: a}}", "no kind is called Pod in v2"],
  ] as const)
    await assert.rejects(planned(live, change), { message: says });
  await live.close();
});
