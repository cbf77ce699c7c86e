import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;
const POD = { apiVersion: "v1", kind: "Pod" } as const;

/** Pods that somebody deletes, or that are lost with their node, come back. */
export const podHealing: Scenario = {
  name: "pod-healing",
  says: "pods that are deleted or lost come back, whatever else goes wrong",
  options: { nodes: 3, images },
  faults: { count: 4, within: 600_000 },
  async story(cluster, { chance, say }) {
    await cluster.apply([web({ replicas: 4 }), service()]);
    for (let i = 0; i < 4; i++) {
      await cluster.clock.advance("2m");
      const { items } = await cluster.client.list(POD, { namespace: "default" });
      const pod = items[Math.floor(chance.next() * items.length)];
      if (!pod) continue;
      say(`somebody deletes pod ${pod.metadata.name}`);
      await cluster.client.delete(POD, pod.metadata.name ?? "", { namespace: "default" }).catch((error: Error) => {
        if (!/not found/.test(error.message)) throw error;
      });
    }
  },
  async end(cluster) {
    const { status } = await cluster.client.get(DEPLOYMENT, "web", "default");
    assert(status.availableReplicas === 4, "all replicas are available in the end");
    assert((await cluster.fetch("http://web")).status === 200, "the service answers in the end");
  },
};
