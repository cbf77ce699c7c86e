import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** Nodes evict while they run short; when they no longer do every replica is there again, and the evicted pods say why they are not. */
export const shortNodes: Scenario = {
  name: "short-nodes",
  says: "nodes run short of memory, disk or process ids and evict their pods: others take their place",
  options: { nodes: 3, images },
  faults: { count: 4, within: 600_000, kinds: ["pressure", "kubeletDeath", "watchCut"] },
  async story(cluster) {
    await cluster.apply([web({ replicas: 4 }), service()]);
    await cluster.clock.advance("10m");
  },
  async end(cluster) {
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 4, "all replicas are available in the end");
    assert((await cluster.fetch("http://web")).status === 200, "the service answers in the end");
    const { items } = await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default" });
    const failed = items.filter(p => p.status.phase === "Failed");
    assert(
      failed.every(p => p.status.reason === "Evicted" && /^(The node was low on resource|Pod was rejected): /.test(p.status.message ?? "")),
      "what failed was evicted, and says why",
    );
  },
};
