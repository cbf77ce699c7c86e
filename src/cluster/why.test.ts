import assert from "node:assert/strict";
import test from "node:test";
import { createCluster } from "coxswain";
import { callOf, objectsInMemory } from "#apiserver/auth/testing.ts";
import { ADMIN, testServer } from "#apiserver/testing.ts";
import { text } from "#base/bytes.ts";
import { actingAs, createClient } from "#client/http.ts";
import { Reasons } from "#client/reasons.ts";
import { noted, whyPath } from "#cluster/why.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { make } from "#schema/make.ts";
import { virtualClock } from "#sim/clock.ts";

test("why tells what made an object, what was decided since, what each node says, and what it owns that is not well", async () => {
  const objects = objectsInMemory();
  const set = make(ReplicaSet, {
    metadata: { name: "web", namespace: "n", uid: "u1" },
    spec: { replicas: 1, selector: { matchLabels: { a: "b" } } },
  });
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u1", controller: true };
  const pod = make(Pod, {
    metadata: { name: "web-1", namespace: "n", uid: "u2", ownerReferences: [owner] },
    spec: { containers: [{ name: "c", image: "i" }] },
    status: {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes are available: 1 Insufficient cpu." },
      ],
    },
  });
  objects.put(ReplicaSet, set);
  objects.put(Pod, pod);
  const reasons = new Reasons();
  const rs = { kind: "ReplicaSet", namespace: "n", name: "web" };
  const p = { kind: "Pod", namespace: "n", name: "web-1" };
  reasons.add({ at: 0, loop: "replicaset-controller", intent: rs, did: "create", target: p, because: "0 of 1 pods exist", error: "" });
  reasons.add({ at: 1000, loop: "default-scheduler", intent: p, did: "wait", target: p, because: "0/1 nodes are available", error: "" });
  const verdicts = () => [{ node: "one", refusedBy: "NodeResourcesFit", reasons: ["Insufficient cpu"] }];
  const path = whyPath({ reasons, verdicts, objects, earlier: async () => [] });
  const answer = await path(
    callOf({ path: "/coxswain/why", isResource: false }, { query: new URLSearchParams("type=rs&name=web&namespace=n") }),
  );
  assert.deepEqual(
    text(answer?.body as Uint8Array)
      .trimEnd()
      .split("\n"),
    [
      "ReplicaSet n/web",
      "  since then",
      "    1970-01-01T00:00:00Z  replicaset-controller: create Pod n/web-1: 0 of 1 pods exist",
      "  not well are",
      "    Pod n/web-1",
      "      is Pending",
      "      PodScheduled is False (Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.)",
      "      it exists because",
      "        1970-01-01T00:00:00Z  replicaset-controller: create: 0 of 1 pods exist",
      "      since then",
      "        1970-01-01T00:00:01Z  default-scheduler: wait: 0/1 nodes are available",
      "      nodes",
      "        one: Insufficient cpu (NodeResourcesFit)",
    ],
  );
});

test("reasons of an earlier process are read from the journal, and come before those of this one", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  const client = createClient(actingAs(server.handle, ADMIN), { userAgent: "loop", clock });
  const at = { namespace: "default" };
  const cause = (because: string) => ({ loop: "l", intent: "Deployment|default|web", because });
  await client.create(ConfigMap, { metadata: { name: "a" } }, { ...at, cause: cause("it is missing") });
  await client.patch(ConfigMap, "a", "merge", { data: { x: "1" } }, { ...at, cause: cause("x is wanted: \u20ac") });
  await client.patch(ConfigMap, "a", "merge", { data: { x: "2" } }, at);
  await client.delete(ConfigMap, "a", { ...at, cause: cause("it is not wanted") });
  const earlier = await noted(server.journal, server.store.revision);
  const reasons = new Reasons();
  const target = { kind: "ConfigMap", namespace: "default", name: "a" };
  const intent = { kind: "Deployment", namespace: "default", name: "web" };
  reasons.add({ at: clock.now(), loop: "l", intent, did: "wake", target, because: "now", error: "" });
  reasons.recall(earlier);
  for (const subject of [target, intent])
    assert.deepEqual(
      reasons.of(subject).map(r => `${r.did} ${r.because}`),
      ["create it is missing", "update x is wanted: \u20ac", "delete it is not wanted", "wake now"],
    );
  server.close();
});

test("whatever keeps a pod from running, or from going, is among the reasons", async t => {
  const cluster = await createCluster({ images: { sick: () => ({ http: () => ({ status: 500 }) }) } });
  t.after(() => cluster.close());
  const pod = (name: string, spec: object, container: object = {}, metadata: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: { containers: [{ name: "app", image: "sick:1", ...container }], ...spec },
  });
  const probe = { httpGet: { path: "/", port: 80 }, periodSeconds: 1, failureThreshold: 1 };
  const volume = { name: "v", configMap: { name: "missing" } };
  await cluster.apply([
    pod("other", { schedulerName: "mine" }),
    pod("unready", {}, { readinessProbe: probe }),
    pod("mounts", { volumes: [volume] }, { volumeMounts: [{ name: "v", mountPath: "/v" }] }),
    pod("held", {}, {}, { finalizers: ["example.com/hold"] }),
    pod("large", {}, { resources: { requests: { cpu: "100" } } }),
  ]);
  await cluster.clock.advance("30s");
  await cluster.client.delete({ apiVersion: "v1", kind: "Pod" }, "held", { namespace: "default" });
  await cluster.clock.advance("1m");
  const says = async (name: string, what: RegExp) => assert.match(await cluster.why("pod", name), what);
  await says("other", /^ {2}waits for the scheduler "mine", which is none of this cluster's own$/m);
  await says("unready", /kubelet: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500$/m);
  await says("mounts", /kubelet: FailedMount: .*configmap "missing" not found$/m);
  await says("held", /^ {2}is being deleted since 2026-01-01T00:00:30Z, and held by example\.com\/hold$/m);
  await says("large", /^ {4}node-1: Insufficient cpu \(NodeResourcesFit\)$/m);
});
