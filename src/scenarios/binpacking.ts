import { assert } from "#base/assert.ts";
import { images, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const POD = { apiVersion: "v1", kind: "Pod" } as const;

/** More is asked for than the nodes have: they fill up, nothing is overcommitted, and what is freed is taken. */
export const binPacking: Scenario = {
  name: "bin-packing",
  says: "nodes fill up to what they have and no further, and what is freed is taken by those who wait",
  options: { nodes: 2, images },
  faults: { count: 3, within: 120_000 },
  async story(cluster, { say }) {
    await cluster.apply([web({ name: "big", replicas: 20, cpu: "1500m" }), web({ name: "small", replicas: 6, cpu: "250m" })]);
    await cluster.clock.advance("2m");
    say("the big ones go");
    await cluster.client.patch({ apiVersion: "apps/v1", kind: "Deployment" }, "big", { spec: { replicas: 2 } }, { namespace: "default" });
  },
  async end(cluster) {
    // what a node evicted is still listed
    const items = (await cluster.client.list(POD, { namespace: "default" })).items.filter(p => p.status.phase !== "Failed");
    assert(items.length === 8, "there are as many pods as are wanted");
    assert(
      items.every(p => p.spec.nodeName && p.status.phase === "Running"),
      "all that fits runs",
    );
  },
};
