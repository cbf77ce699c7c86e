/** A seed that fails is told of, and shrunk to what it takes to fail. The controller that is broken on purpose lives here only. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callers } from "#scenarios/callers.ts";
import { examine } from "#scenarios/examine.ts";
import { images, web } from "#scenarios/objects.ts";
import { run } from "#scenarios/run.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { shrink } from "#scenarios/shrink.ts";
import type { Fault } from "#sim/faults/all.ts";

const NODE = { apiVersion: "v1", kind: "Node" } as const;
const SET = { apiVersion: "apps/v1", kind: "ReplicaSet" } as const;

/** Beside the deployment's own there is a controller that, whenever a node is not ready, makes its set far too large. */
const broken: Scenario = {
  name: "broken",
  says: "a controller loses its head when a node is away",
  options: { nodes: 2, images },
  faults: { count: 0, within: 0 },
  async story(cluster, { say }) {
    await cluster.apply(web({ replicas: 2 }));
    for (let i = 0; i < 60; i++) {
      await cluster.clock.advance("10s");
      const { items } = await cluster.client.list(NODE);
      if (items.every(n => n.status.conditions?.some(c => c.type === "Ready" && c.status === "True"))) continue;
      const [set] = (await cluster.client.list(SET, { namespace: "default" })).items;
      say("the broken controller sees a node that is not ready");
      await cluster.client.patch(SET, set?.metadata.name ?? "", { spec: { replicas: 10 } }, { namespace: "default" });
    }
  },
};
const FAULTS: readonly Fault[] = [
  { at: "30s", fault: "watchCut" },
  { at: "40s", fault: "pulls", take: "5s", for: "1m" },
  { at: "1m", fault: "nodeDeath", node: "node-2", for: "3m" },
  { at: "70s", fault: "containerCrash" },
  { at: "2m", fault: "answer", code: 500, rate: 0.1, who: "kubelet", for: "20s" },
];

test("a broken controller is found, and the one fault that it takes", async () => {
  const { outcome, shortest } = await examine(broken, { seed: 1, faults: FAULTS });
  assert.match(outcome.failure ?? "", /nor surge maxSurge: the sets of .* ask for 10 pods, and 3 are allowed/);
  assert.deepEqual(shortest?.faults, [FAULTS[2]]);
  const story = shortest?.outcome.story() ?? [];
  assert.ok(
    story.some(line => /^00:01:00\.000 {2}! begins: .*nodeDeath/.test(line)),
    story.join("\n"),
  );
  assert.ok(story.some(line => line.includes("* the broken controller sees")));
  assert.equal((await run(broken, { seed: 1, faults: [] })).failure, undefined);
});

test("of all that happens to a network, the one partition that it takes is found", async () => {
  const impatient: Scenario = {
    ...callers,
    async end(cluster) {
      const { items } = await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default", labelSelector: "app=caller" });
      for (const { status } of items) {
        const { body } = await cluster.fetch(`http://${status.podIP}/`);
        const { calls, answered } = JSON.parse(body);
        if (calls - answered > 10) throw new Error("a caller was not answered");
      }
    },
  };
  const faults: readonly Fault[] = [
    { at: "2m", fault: "traffic", does: "delay", rate: 0.3, by: "500ms", for: "1m" },
    { at: "4m", fault: "nodePartition", nodes: ["node-2"], for: "8m" },
    { at: "5m", fault: "nodePartition", nodes: ["node-1"], from: ["node-3"], oneWay: true, for: "5s" },
    { at: "6m", fault: "watchCut", who: "kubelet" },
  ];
  const { outcome, shortest } = await examine(impatient, { seed: 1, faults });
  assert.equal(outcome.failure, "a caller was not answered");
  assert.deepEqual(shortest?.faults, [faults[1]]);
});

test("the shortest list is found by halves, and within a bound of tries", async () => {
  const faults: Fault[] = Array.from({ length: 32 }, (_, i) => ({ at: i, fault: "watchCut" }));
  const needs =
    (...at: number[]) =>
    async (some: readonly Fault[]) =>
      at.every(one => some.some(f => f.at === one));
  assert.deepEqual(
    (await shrink(faults, needs(3, 29))).map(f => f.at),
    [3, 29],
  );
  assert.deepEqual(await shrink(faults, async () => true), []);
  let tries = 0;
  const counted = async (some: readonly Fault[]) => ++tries > 0 && needs(3, 29)(some);
  await shrink(faults, counted, 5);
  assert.equal(tries, 5);
});

test("faults and nodes that cannot be are refused, and are no failure of the cluster's", async () => {
  const faults = [{ fault: "flood" }] as unknown as readonly Fault[];
  await assert.rejects(examine(broken, { seed: 1, faults }), /^Error: faults\[0\]\.fault: one of /);
  await assert.rejects(examine(broken, { seed: 1, nodes: 99_999 }), { message: "nodes: from 0 to 5000, not 99999" });
});
