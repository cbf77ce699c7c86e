/** Each invariant says what it has seen when that is what must never happen, and nothing before: by writes straight to the store. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { objectKey } from "#apiserver/keys.ts";
import { utf8 } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import { kindNamed } from "#kinds/all.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { virtualClock } from "#sim/clock.ts";
import { invariants } from "#sim/invariants/all.ts";
import { checker } from "#sim/invariants/checker.ts";
import { Link } from "#sim/link.ts";
import { memoryStore } from "#store/memory.ts";

type Some = { readonly [field: string]: unknown };

/** A store that everybody may write to, with every invariant looking on. */
function watched(t: TestContext) {
  const clock = virtualClock(0);
  const store = memoryStore({ clock });
  const link = new Link(clock, false);
  const world = { runsOn: [] as string[], requested: true };
  const checks = checker({
    invariants,
    store,
    link,
    now: clock.now,
    runsOn: () => world.runsOn,
    isRequestedDeletion: () => world.requested,
  });
  t.after(async () => {
    checks.close();
    await store.close();
  });
  const keyOf = ({ apiVersion, kind, metadata }: KubeObject) => {
    const [version = "", group = ""] = apiVersion.split("/").reverse();
    const known = kindNamed(group, version, kind);
    assert.ok(known, `${apiVersion} ${kind}`);
    return objectKey(known, metadata.namespace ?? "", metadata.name ?? "");
  };
  return {
    world,
    link,
    async put(...objects: KubeObject[]) {
      for (const object of objects) {
        await store.txn([], [{ op: "put", key: keyOf(object), value: utf8(JSON.stringify(object)) }]);
        await clock.advance(1);
      }
    },
    async remove(object: KubeObject) {
      await store.txn([], [{ op: "delete", key: keyOf(object) }]);
      await clock.advance(1);
    },
    /** What has been found so far. */
    said: () => checks.breaches.map(b => `${b.invariant}: ${b.says}`),
    quiet: () => checks.quiet(),
    store,
  };
}
function object(apiVersion: string, kind: string, name: string, { metadata, ...rest }: Some = {}): KubeObject {
  const own = { name, namespace: "default", uid: `uid-${name}`, creationTimestamp: "2026-01-01T00:00:00Z", ...(metadata as object) };
  return { apiVersion, kind, metadata: own, ...rest } as unknown as KubeObject;
}
const READY = { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], conditions: [{ type: "Ready", status: "True" }] };
const pod = (name: string, spec: Some = {}, status: Some = READY, metadata: Some = {}) =>
  object("v1", "Pod", name, { metadata, spec: { containers: [{ name: "app", image: "app" }], ...spec }, status });
const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true }],
});
const TEMPLATE = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "app" }] } };
const selector = { matchLabels: { app: "web" } };
const set = (name: string, replicas: number, status: Some = { replicas }) =>
  object("apps/v1", "ReplicaSet", name, {
    metadata: { generation: 1, ...ownedBy("Deployment", "web") },
    spec: { replicas, selector, template: TEMPLATE },
    status: { observedGeneration: 1, ...status },
  });
const deployment = (replicas: number, more: Some = {}) =>
  object("apps/v1", "Deployment", "web", {
    metadata: { generation: 1 },
    spec: { replicas, selector, template: TEMPLATE, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, ...more },
    status: { observedGeneration: 1, replicas },
  });

test("no pod runs on two nodes", async t => {
  const { put, said, world } = watched(t);
  await put(pod("a", { nodeName: "node-1" }));
  assert.deepEqual(said(), []);
  await put(pod("a", { nodeName: "node-2" }));
  assert.deepEqual(said(), ["no pod runs on two nodes: pod default/a was bound to node-1, and is now to node-2"]);
  world.runsOn = ["node-2", "node-3"];
  await put(pod("a", { nodeName: "node-2" }));
  assert.deepEqual(said().slice(1), ["no pod runs on two nodes: pod default/a runs on node-2 and node-3"]);
  world.runsOn = ["node-3"];
  await put(pod("a", { nodeName: "node-2" }));
  assert.deepEqual(said().slice(2), ["no pod runs on two nodes: pod default/a of node-2 runs on node-3"]);
});

test("replicas converge", async t => {
  const { put, quiet, said } = watched(t);
  await put(deployment(2), set("web-1", 2, { replicas: 2, readyReplicas: 1 }));
  await put(pod("a", { nodeName: "node-1" }, READY, ownedBy("ReplicaSet", "web-1")));
  quiet();
  assert.deepEqual(said(), ["replicas converge: ReplicaSet default/web-1 has 1 pods of 2"]);
  await put(pod("b", { nodeName: "node-1" }, READY, ownedBy("ReplicaSet", "web-1")));
  quiet();
  assert.deepEqual(said().slice(1), ["replicas converge: ReplicaSet default/web-1 says that 1 are ready, and 2 are"]);
  await put(set("web-1", 2, { replicas: 2, readyReplicas: 2 }), deployment(3));
  quiet();
  assert.deepEqual(said().slice(2), ["replicas converge: Deployment default/web has 2 replicas in its sets, not 3"]);
});

test("unavailable never exceeds maxUnavailable nor surge maxSurge", async t => {
  const { put, remove, said } = watched(t);
  const pods = ["a", "b"].map(name => pod(name, { nodeName: "node-1" }, READY, ownedBy("ReplicaSet", "web-1")));
  await put(deployment(2), set("web-1", 2), ...pods, set("web-2", 1));
  assert.deepEqual(said(), []);
  await put(set("web-2", 2));
  const rule = "unavailable never exceeds maxUnavailable nor surge maxSurge";
  assert.deepEqual(said(), [`${rule}: the sets of default/web-2's Deployment ask for 4 pods, and 3 are allowed`]);
  // the set is scaled down before what is to replace its pod is available
  await put(set("web-1", 1), { ...pods[0]!, metadata: { ...pods[0]!.metadata, deletionTimestamp: "2026-01-01T00:00:01Z" } });
  await remove(pods[0]!);
  assert.deepEqual(said().slice(1), [`${rule}: 1 pods of default/a's Deployment are available, and 2 must be`]);
});

test("every acknowledged write is readable", async t => {
  const { put, quiet, said, link } = watched(t);
  const answering = (revision: number) =>
    link.join("kubelet/node-1", async () => ({
      status: 200,
      headers: {},
      body: utf8(JSON.stringify(pod("a", {}, READY, { resourceVersion: String(revision) }))),
    }));
  const write = { method: "PUT", url: "/api/v1/namespaces/default/pods/a", headers: {} };
  await put(pod("a"), pod("b"));
  await answering(2)(write);
  quiet();
  assert.deepEqual(said(), []);
  await answering(99)(write);
  quiet();
  const rule = "every acknowledged write is readable: the write of a by kubelet/node-1 was acknowledged at revision";
  assert.deepEqual(said(), [`${rule} 99, which there is not`]);
});
test("a store that comes back without what it had acknowledged is seen", async t => {
  const clock = virtualClock(0);
  const first = memoryStore({ clock });
  const checks = checker({
    invariants,
    store: first,
    link: new Link(clock, false),
    now: clock.now,
    runsOn: () => [],
    isRequestedDeletion: () => true,
  });
  t.after(() => checks.close());
  await first.txn([], [{ op: "put", key: "/registry/x", value: utf8("{}") }]);
  await clock.advance(1);
  checks.follow(memoryStore({ clock }));
  assert.match(checks.breaches[0]?.says ?? "", /^revision 2 had been seen; the store came back at 1$/);
});

test("every watch sees each revision once and in order", async t => {
  const seen = async (...revisions: readonly number[]) => {
    const { put, quiet, said, link } = watched(t);
    await put(pod("a"), pod("b"), pod("c"));
    const events = async function* () {
      for (const r of revisions) yield [{ type: "ADDED" as const, object: pod("x", {}, READY, { resourceVersion: String(r) }) }];
    };
    const watch = link.join("kubelet/node-1", async (): Promise<HttpResponse> => ({ status: 200, headers: {}, events: events() }));
    const response = await watch({ method: "GET", url: "/api/v1/pods?watch=1&resourceVersion=1", headers: {} });
    for await (const _ of response.events!);
    quiet();
    return said().map(s => s.replace(/^.*order: /, ""));
  };
  assert.deepEqual(await seen(2, 3, 4), []);
  assert.deepEqual(await seen(2, 4), ["a watch of pods brought revision 4 after 2, and not 3"]);
  assert.deepEqual(await seen(2, 3, 3, 4), ["a watch of pods by kubelet/node-1 brought revision 3 after 3"]);
  assert.deepEqual((await seen(3, 2, 4))[0], "a watch of pods by kubelet/node-1 brought revision 2 after 3");
});

test("owned objects end with their owners, and what is being deleted with its last reason to stay", async t => {
  const { put, quiet, said } = watched(t);
  await put(set("web-1", 0), deployment(0), pod("a", {}, READY, ownedBy("ReplicaSet", "web-1")));
  await put(pod("held", {}, READY, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["example.com/x"] }));
  await put(pod("bound", { nodeName: "node-1" }, READY, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  quiet();
  const own = () => said().filter(s => s.startsWith("owned objects"));
  assert.deepEqual(own(), []);
  await put(pod("b", {}, READY, ownedBy("ReplicaSet", "web-9")));
  quiet();
  assert.deepEqual(own(), ["owned objects end with their owners: Pod default/b outlives its owner, ReplicaSet web-9"]);
  await put(pod("b"), object("v1", "ConfigMap", "c", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }));
  quiet();
  assert.deepEqual(own().slice(1), ["owned objects end with their owners: ConfigMap default/c is being deleted, and nothing holds it"]);
});

test("no finalizer is skipped", async t => {
  const { put, remove, quiet, said, world } = watched(t);
  const held = (name: string) => object("v1", "ConfigMap", name, { metadata: { finalizers: ["example.com/x"] } });
  await put(held("a"), held("b"));
  // a write that takes the last finalizer away deletes in one step
  world.requested = false;
  await remove(held("a"));
  quiet();
  assert.deepEqual(said(), []);
  world.requested = true;
  await remove(held("b"));
  quiet();
  assert.deepEqual(said(), ["no finalizer is skipped: ConfigMap default/b went while example.com/x held it"]);
});

test("a Service's endpoints equal its ready pods", async t => {
  const { put, quiet, said } = watched(t);
  await put(object("v1", "Service", "web", { spec: { selector: { app: "web" }, ports: [{ port: 80 }] } }));
  const slice = (...addresses: string[]) =>
    object("discovery.k8s.io/v1", "EndpointSlice", "web-1", {
      metadata: { labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      endpoints: addresses.map(a => ({ addresses: [a], conditions: { ready: true } })),
    });
  await put(pod("a", {}, READY, { labels: { app: "web" } }), slice("10.0.0.1"));
  quiet();
  assert.deepEqual(said(), []);
  await put(slice("10.0.0.1", "10.0.0.2"));
  quiet();
  assert.deepEqual(said(), [
    "a Service's endpoints equal its ready pods: Service default/web leads to 10.0.0.1 10.0.0.2, and its ready pods are 10.0.0.1",
  ]);
});

test("no node is asked for more than it has", async t => {
  const { put, said } = watched(t);
  await put(object("v1", "Node", "node-1", { metadata: { namespace: undefined }, status: { allocatable: { cpu: "1", pods: "10" } } }));
  const asks = (name: string, cpu: string) =>
    pod(name, { nodeName: "node-1", containers: [{ name: "app", image: "app", resources: { requests: { cpu } } }] });
  await put(asks("a", "600m"));
  assert.deepEqual(said(), []);
  await put(asks("b", "600m"));
  assert.match(said()[0] ?? "", /^no node is asked for more than it has: the pods of node-1 ask for \d+ of cpu, and it has \d+$/);
});
