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
  const plan = await planOf(processHost(), state, changeOf([change], { remove, namespace: undefined }));
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
