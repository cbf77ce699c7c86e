import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { type AnyController, controller, on } from "#client/controller.ts";
import { createRecorder } from "#client/events.ts";
import { createClient } from "#client/http.ts";
import { createLoop } from "#client/loop.ts";
import { Reasons } from "#client/reasons.ts";
import { update, wake } from "#client/steps.ts";
import { run, smallServer } from "#client/testing.ts";
import { createViews } from "#client/views.ts";
import { replicaSetController } from "#controllers/replicaset.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { virtualClock } from "#sim/clock.ts";

function world(definition: AnyController = replicaSetController) {
  const clock = virtualClock();
  const server = smallServer(clock);
  const client = createClient(server.transport, { userAgent: "test", clock });
  const views = createViews({ client, clock, log: silentLog });
  const reasons = new Reasons();
  const recorder = createRecorder({ client, clock, log: silentLog, component: definition.name });
  const loop = createLoop(definition, { client, views, clock, chance: seededChance(1), log: silentLog, recorder, reasons });
  const stop = async () => {
    await loop.stop();
    views.stop();
  };
  return { clock, server, client, views, reasons, loop, recorder, stop };
}
const set = (replicas: number, more: object = {}) => ({
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    ...more,
  },
});

test("a replica set gets its pods, exactly once each, with events and reasons", async () => {
  const w = world();
  await w.loop.start();
  await w.client.create(ReplicaSet, set(7));
  await run(w.clock, 1000);
  const pods = (await w.client.list(Pod)).items;
  assert.equal(pods.length, 7);
  assert.equal(pods[0]!.metadata.ownerReferences?.[0]?.name, "web");
  const live = await w.client.get(ReplicaSet, "web", "default");
  assert.equal(live.status.replicas, 7);
  assert.equal(live.status.observedGeneration, 1);
  const events = (await w.client.list(Event)).items;
  assert.ok(events.some(e => e.reason === "SuccessfulCreate" && e.message === `Created pod: ${pods[0]!.metadata.name}`));
  const [why] = w.reasons.of({ kind: "Pod", namespace: "default", name: pods[0]!.metadata.name! });
  assert.equal(why!.because, "0 of 7 pods exist");
  assert.equal(why!.intent.name, "web");
  await w.stop();
});

test("nothing is written when nothing changes", async () => {
  const w = world();
  await w.loop.start();
  await w.client.create(ReplicaSet, set(3));
  await run(w.clock, 1000);
  const before = w.server.writes.length;
  const rounds = w.loop.stats().rounds;
  await run(w.clock, 3_600_000);
  assert.equal(w.server.writes.length, before);
  assert.equal(w.loop.stats().rounds, rounds);
  assert.ok(w.loop.idle);
  await w.stop();
});

test("a round that meets a conflict comes again after its back-off, also where it asked to come at once", async () => {
  let rounds = 0;
  const stale = controller<ReplicaSet>({
    name: "stale",
    keyedBy: "ReplicaSet",
    watches: [on(ReplicaSet)],
    observe: (key, { views }) => views.of(ReplicaSet).get(...(key.split("/").reverse() as [string, string])),
    decide: (seen, { now }) => {
      // without the fix this would go on for ever at one instant
      if (++rounds > 100) return [];
      return [update(ReplicaSet, { ...seen, metadata: { ...seen.metadata, resourceVersion: "1" } }, "test"), wake(now, "at once")];
    },
  });
  const w = world(stale);
  await w.loop.start();
  await w.client.create(ReplicaSet, set(1));
  await run(w.clock, 1000);
  assert.ok(rounds > 2 && rounds < 20, `${rounds} rounds in a second`);
  await w.stop();
});

test("a lost answer to a creation makes no pod too many", async () => {
  const w = world();
  let lost = 0;
  w.server.intercept = (request, pass) => {
    if (request.method !== "POST" || !request.url.includes("/pods") || lost > 0) return undefined;
    lost++;
    return pass().then(() => {
      throw new Error("connection reset");
    });
  };
  await w.loop.start();
  await w.client.create(ReplicaSet, set(4));
  await run(w.clock, 1000);
  assert.equal(lost, 1);
  assert.equal((await w.client.list(Pod)).items.length, 4);
  await w.stop();
});

test("a lagging watch does not make the loop create again", async () => {
  const w = world();
  await w.loop.start();
  let held: (() => void) | undefined;
  const gate = new Promise<void>(resolve => {
    held = resolve;
  });
  await w.client.create(ReplicaSet, set(2));
  await run(w.clock, 10);
  // from here on, the pods' watch is opened anew and stands still
  w.server.intercept = (request, pass) => (request.url.includes("/pods?watch") ? gate.then(pass) : undefined);
  w.server.compact();
  await run(w.clock, 10);
  const live = await w.client.get(ReplicaSet, "web", "default");
  await w.client.update(ReplicaSet, { ...live, spec: { ...live.spec, replicas: 5 } });
  await run(w.clock, 1000);
  assert.equal((await w.client.list(Pod)).items.length, 5);
  held!();
  await run(w.clock, 1000);
  assert.equal((await w.client.list(Pod)).items.length, 5);
  await w.stop();
});

test("refused creations are tried in growing batches, told in the status, and forgotten when all is well", async () => {
  const w = world();
  let refuse = true;
  w.server.intercept = (request, _pass) => {
    if (!refuse || request.method !== "POST" || !request.url.endsWith("/pods")) return undefined;
    const status = { kind: "Status", status: "Failure", reason: "Forbidden", message: 'pods "x" is forbidden: exceeded quota', code: 403 };
    return Promise.resolve({ status: 403, headers: {}, body: new TextEncoder().encode(JSON.stringify(status)) });
  };
  await w.loop.start();
  await w.client.create(ReplicaSet, set(100));
  await run(w.clock, 100);
  const failed = await w.client.get(ReplicaSet, "web", "default");
  assert.equal(failed.status.conditions?.[0]?.reason, "FailedCreate");
  assert.match(failed.status.conditions?.[0]?.message ?? "", /exceeded quota/);
  assert.ok(w.loop.stats().writes < 20);
  refuse = false;
  await run(w.clock, 60_000);
  const well = await w.client.get(ReplicaSet, "web", "default");
  assert.equal(well.status.replicas, 100);
  assert.equal(well.status.conditions, undefined);
  await w.stop();
});

test("pods are adopted and released by their labels, and surplus ones deleted", async () => {
  const w = world();
  await w.loop.start();
  await w.client.create(Pod, { metadata: { name: "orphan", namespace: "default", labels: { app: "web" } }, spec: { containers: [] } });
  await w.client.create(ReplicaSet, set(2));
  await run(w.clock, 1000);
  const orphan = await w.client.get(Pod, "orphan", "default");
  assert.equal(orphan.metadata.ownerReferences?.[0]?.kind, "ReplicaSet");
  assert.equal((await w.client.list(Pod)).items.length, 2);
  await w.client.patch(Pod, "orphan", "merge", { metadata: { labels: { app: "other" } } }, { namespace: "default" });
  await run(w.clock, 1000);
  assert.deepEqual((await w.client.get(Pod, "orphan", "default")).metadata.ownerReferences, []);
  assert.equal((await w.client.list(Pod)).items.length, 3);
  await w.client.patch(ReplicaSet, "web", "merge", { spec: { replicas: 0 } }, { namespace: "default" });
  await run(w.clock, 1000);
  assert.deepEqual(
    (await w.client.list(Pod)).items.map(p => p.metadata.name),
    ["orphan"],
  );
  await w.stop();
});
