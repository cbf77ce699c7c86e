import assert from "node:assert/strict";
import { test } from "node:test";
import { ADMIN, testServer } from "#apiserver/testing.ts";
import { StatusError } from "#base/status.ts";
import type { Client, Transport, WatchEvent } from "#client/client.ts";
import { actingAs, createClient } from "#client/http.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import type { Binding } from "#kinds/core/v1/binding.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Event as Told } from "#kinds/core/v1/event.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:1" }] } };
const pod = (name: string) => ({ metadata: { name, namespace: "default", labels: { app: name } }, spec: template.spec });
const lease = { namespace: "default" };

/** One story with all verbs and many refusals; each request, and what it says or how it fails. */
const STORY: readonly ((client: Client) => Promise<unknown>)[] = [
  c => c.create(Node, { metadata: { name: "n" }, status: { capacity: { cpu: "4000m" } } } as never),
  c => c.create(Lease, { metadata: { name: "n", ...lease }, spec: { holderIdentity: "n", leaseDurationSeconds: 40 } } as never),
  async c => {
    const renewTime = "2026-01-01T00:00:10.000000Z";
    const held = await c.get(Lease, "n", "default");
    return c.update(Lease, { ...held, spec: { ...held.spec, renewTime } } as Lease);
  },
  async c => c.update(Lease, await c.get(Lease, "n", "default")),
  async c => c.update(Lease, { ...(await c.get(Lease, "n", "default")), metadata: { name: "n", ...lease, resourceVersion: "1" } } as Lease),
  c => c.create(Pod, pod("a") as never),
  c => c.create(Pod, pod("a") as never),
  c => c.create(Pod, { ...pod("b"), spec: { containers: [{ name: "app", image: "web:1", env: undefined, nosuch: 1 }] } } as never),
  c => c.create(Pod, { ...pod("c"), metadata: { generateName: "c-", namespace: "default", labels: { x: undefined, y: "z" } } } as never),
  c => c.create(Pod, { ...pod("Not A Name"), spec: { containers: [] } } as never),
  c => c.create(Pod, { ...pod("d"), metadata: { name: "d", namespace: "nowhere" } } as never),
  c => c.create(Pod, { ...pod("e"), spec: { containers: "none" } } as never),
  c => c.post<Binding, KubeObject>(Pod, "a", "binding", { target: { kind: "Node", name: "n" } } as never, lease),
  c =>
    c.patch(
      Pod,
      "a",
      "strategic",
      { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      { ...lease, subresource: "status" },
    ),
  c => c.patch(Pod, "a", "merge", { metadata: { labels: { app: null, tier: "web" } } }, lease),
  c => c.patch(Pod, "a", "json", [{ op: "add", path: "/metadata/labels/more", value: "yes" }], lease),
  c => c.patch(Pod, "a", "json", [{ op: "test", path: "/metadata/labels/more", value: "no" }], lease),
  c => c.patch(Pod, "a", "merge", [1], lease),
  c => c.patch(Pod, "a", "strategic", { spec: { containers: [{ name: "app", image: 5 }] } }, lease),
  c => c.patch(Pod, "gone", "merge", {}, lease),
  c =>
    c.patch(
      Deployment,
      "web",
      "apply",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web" },
        spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template },
      },
      { ...lease, fieldManager: "one", force: true },
    ),
  c =>
    c.patch(
      Deployment,
      "web",
      "apply",
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 3 } },
      { ...lease, fieldManager: "two" },
    ),
  c => c.patch(Deployment, "web", "merge", { spec: { replicas: 4 } }, { ...lease, subresource: "scale" }),
  c => c.create(Service, { metadata: { name: "web", ...lease }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } } as never),
  c => c.create(ConfigMap, { metadata: { name: "m", ...lease }, data: { b: "2", a: "1", "10": "x", "9": "y", ü: "ß" } } as never),
  c => c.create(ConfigMap, { metadata: { name: "m2", ...lease }, data: { a: 1 } } as never),
  c => c.create(ConfigMap, { ...pod("p"), kind: "Pod" } as never, { dryRun: true }),
  c => c.create(Told, { metadata: { name: "e", ...lease }, involvedObject: { kind: "Pod", name: "a", namespace: "default" } } as never),
  c => c.list(Pod, { labelSelector: "tier=web" }),
  c => c.list(Pod, { namespace: "default", fieldSelector: "spec.nodeName=n", metadataOnly: true }),
  c => c.list(Pod, { limit: 1 }),
  c => c.list(Pod, { labelSelector: "((" }),
  c => c.list(Told),
  c => c.delete(Pod, "a", { ...lease, uid: "another" }),
  c => c.delete(Pod, "a", { ...lease, gracePeriodSeconds: 5 }),
  c => c.delete(Pod, "a", { ...lease, gracePeriodSeconds: 0 }),
  c => c.delete(ConfigMap, "m", { ...lease, propagation: "Background" }),
  c => c.delete(ConfigMap, "m", lease),
  c => c.delete(Deployment, "web", { ...lease, propagation: "Foreground" }),
];

async function told(values: boolean) {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const server = await testServer(clock, { store });
  // what says its own id draws none: only answers in JSON would
  const named: Transport = request => server.handle({ ...request, headers: { ...request.headers, "audit-id": "a" } });
  const client = createClient(actingAs(named, ADMIN), { userAgent: "test/1", clock, values });
  const ending = new AbortController();
  const seen: WatchEvent<KubeObject>[] = [];
  const watches = [{}, { fieldSelector: "spec.nodeName=n" }, { metadataOnly: true }].map(async how => {
    for await (const event of client.watch(Pod, { ...how, initialEvents: true, signal: ending.signal })) seen.push(event);
  });
  const answers: unknown[] = [];
  for (const request of STORY) {
    const answer = await request(client).catch(error => {
      assert(error instanceof StatusError, String(error));
      return error.status;
    });
    answers.push(answer);
    await clock.advance(1000);
  }
  const rest: WatchEvent<KubeObject>[] = [];
  for await (const event of client.watch(Pod, { resourceVersion: "1", timeoutSeconds: 5 })) {
    rest.push(event);
    if (event.type === "DELETED") break;
  }
  ending.abort();
  await Promise.all(watches);
  const { entries, revision } = store.state();
  server.close();
  return { answers, seen, rest, revision, entries };
}

test("what happens at once comes at once", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  const client = createClient(actingAs(server.handle, ADMIN), { userAgent: "test/1", clock, values: true });
  const names = ["a", "b", "c"];
  const heard: (string | undefined)[][] = [];
  for await (const batch of client.watchBatches(ConfigMap, { namespace: "default", initialEvents: true })) {
    heard.push(batch.map(event => (event.type === "ERROR" ? undefined : (event.object.metadata.name ?? event.type))));
    if (heard.length > 1) break;
    await Promise.all(names.map(name => client.create(ConfigMap, { metadata: { name, namespace: "default" } })));
    await clock.advance(0);
  }
  assert.deepEqual(heard, [["BOOKMARK"], names]);
  server.close();
});

test("values between components of one process say what JSON says, and leave the same bytes in the store", async () => {
  const [written, value] = [await told(false), await told(true)];
  const texts = (all: readonly unknown[]) => all.map(a => JSON.parse(JSON.stringify(a ?? null)) as unknown);
  for (const [i, answer] of texts(written.answers).entries()) assert.deepEqual(texts(value.answers)[i], answer, `request ${i}`);
  assert.deepEqual(texts(value.seen), texts(written.seen));
  assert(written.seen.length > 10);
  assert.deepEqual(texts(value.rest), texts(written.rest));
  assert.equal(value.revision, written.revision);
  assert.deepEqual(value.entries, written.entries);
});

test("an answer as a value is frozen and shared; what was sent stays the sender's", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  const client = createClient(actingAs(server.handle, ADMIN), { userAgent: "test", clock, values: true });
  const sent = { metadata: { name: "m", ...lease, labels: { a: "1" } }, data: { a: "1" } };
  const made = await client.create(ConfigMap, sent as never);
  sent.metadata.labels.a = "2";
  assert.equal((await client.get(ConfigMap, "m", "default")).metadata.labels?.a, "1");
  assert.throws(() => {
    made.data!.a = "2";
  }, TypeError);
  const renewed = await client.patch(ConfigMap, "m", "merge", { data: { b: "2" } }, lease);
  const listed = await client.list(ConfigMap, { namespace: "default" });
  assert.equal(
    listed.items.find(i => i.metadata.name === "m"),
    renewed,
  );
  server.close();
});
