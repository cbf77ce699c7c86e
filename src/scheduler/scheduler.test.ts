import assert from "node:assert/strict";
import test from "node:test";
import { ADMIN, testServer } from "#apiserver/testing.ts";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { createRecorder } from "#client/events.ts";
import { actingAs, createClient } from "#client/http.ts";
import { Reasons } from "#client/reasons.ts";
import { run } from "#client/testing.ts";
import { createViews } from "#client/views.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { createScheduler } from "#scheduler/scheduler.ts";
import { virtualClock } from "#sim/clock.ts";

test("pods that wait when it starts are bound, all that fit; the others say why, node by node, and go when there is room", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  const client = createClient(actingAs(server.handle, ADMIN), { userAgent: "test", clock });
  const parts = { client, clock, log: silentLog, chance: seededChance(1), reasons: new Reasons() };
  const views = createViews(parts);
  const scheduler = createScheduler({ ...parts, views, recorder: createRecorder({ ...parts, component: "default-scheduler" }) });
  const status = { allocatable: { cpu: "4", memory: "8Gi", pods: "3" } };
  for (const name of ["a", "b"]) {
    const node = await client.create(Node, { metadata: { name } });
    await client.update(Node, { ...node, status: { ...node.status, ...status } } as Node, { subresource: "status" });
  }
  const containers = [{ name: "main", image: "web" }];
  for (let i = 0; i < 7; i++) await client.create(Pod, { metadata: { name: `p${i}`, namespace: "default" }, spec: { containers } });
  const starting = scheduler.start();
  for (let i = 0; i < 10; i++) await run(clock, 100);
  await starting;
  const pods = () => views.of(Pod).list();
  assert.equal(pods().filter(p => p.spec.nodeName).length, 6);
  const [waiting] = pods().filter(p => !p.spec.nodeName);
  const { name = "", namespace = "" } = waiting!.metadata;
  assert.deepEqual(scheduler.verdicts(namespace, name), [
    { node: "a", refusedBy: "NodeResourcesFit", reasons: ["Too many pods"] },
    { node: "b", refusedBy: "NodeResourcesFit", reasons: ["Too many pods"] },
  ]);
  const condition = waiting!.status.conditions?.find(c => c.type === "PodScheduled");
  assert.equal(condition?.message, "0/2 nodes are available: 2 Too many pods.");
  await client.delete(Pod, pods().find(p => p.spec.nodeName)!.metadata.name!, { namespace, gracePeriodSeconds: 0 });
  for (let i = 0; i < 20; i++) await run(clock, 100);
  assert.equal(pods().filter(p => p.spec.nodeName).length, 6);
  assert.equal(scheduler.verdicts(namespace, name), undefined);
  await scheduler.stop();
  views.stop();
  server.close();
});
