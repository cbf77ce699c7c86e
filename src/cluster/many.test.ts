import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Cluster, createCluster } from "coxswain";

/** Clusters that live at once, and how often so many are made. */
const AT_ONCE = 20;
const ROUNDS = 10;

test("two hundred clusters in one process, twenty at a time, do not know of one another and leave nothing", async () => {
  const resources = () => process.getActiveResourcesInfo().filter(r => r !== "Immediate" && r !== "Timeout").length;
  await (await createCluster()).close();
  const before = resources();
  const left: WeakRef<Cluster>[] = [];
  const histories = new Set<string>();
  const story = async (nodes: number) => {
    const cluster = await createCluster({ seed: 5, nodes });
    left.push(new WeakRef(cluster));
    await cluster.apply("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: app, image: a}]}}");
    await cluster.settled();
    const { status } = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, "a", "default");
    assert.equal(status.phase, "Running");
    histories.add(JSON.stringify(cluster.history()));
    await cluster.close();
  };
  for (let round = 0; round < ROUNDS; round++) await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => story(1 + (i % 2))));
  assert.equal(left.length, AT_ONCE * ROUNDS);
  assert.equal(histories.size, 2, "one history for each number of nodes, whoever lives beside");
  assert.equal(resources(), before);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // what the engine still holds of the last few does not count
  for (let i = 0; i < 10; i++) {
    collect();
    await new Promise(resolve => setImmediate(resolve));
  }
  const alive = left.filter(ref => ref.deref()).length;
  assert(alive <= AT_ONCE, `${alive} clusters are still held`);
});
