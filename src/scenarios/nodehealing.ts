import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** A node dies for good: what ran there runs elsewhere. */
export const nodeHealing: Scenario = {
  name: "node-healing",
  says: "what ran on a node that died runs elsewhere, whatever else goes wrong",
  options: { nodes: 3, images },
  faults: { count: 3, within: 600_000 },
  async story(cluster, { chance, say }) {
    await cluster.apply([web({ replicas: 4 }), service()]);
    await cluster.clock.advance("1m");
    const name = `node-${1 + Math.floor(chance.next() * 3)}`;
    say(`${name} dies, and for half an hour nobody comes to look`);
    cluster.faults.add([{ fault: "nodeDeath", node: name, for: "30m" }]);
    await cluster.clock.advance("25m");
    await cluster.settled({ within: "1h" });
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    say(`${status.availableReplicas ?? 0} replicas are available`);
  },
  async end(cluster) {
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 4, "all replicas are available in the end");
  },
};
