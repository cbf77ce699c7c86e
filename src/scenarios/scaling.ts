import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;
const LAST = 5;

/** A Deployment is scaled up and down, again and again, to nothing and back. */
export const scaling: Scenario = {
  name: "scaling",
  says: "replicas follow what is wanted, up and down, whatever else goes wrong",
  options: { nodes: 3, images },
  faults: { count: 4, within: 300_000 },
  async story(cluster, { chance, say }) {
    await cluster.apply([web({ replicas: 1 }), service()]);
    for (const replicas of [8, 2, 0, 1 + Math.floor(chance.next() * 9), LAST]) {
      await cluster.clock.advance(Math.floor(chance.next() * 60_000));
      say(`scaled to ${replicas}`);
      await cluster.client.patch(DEPLOYMENT, "web", { spec: { replicas } }, { namespace: "default" });
    }
  },
  async end(cluster) {
    const { status } = await cluster.client.get(DEPLOYMENT, "web", "default");
    assert(status.availableReplicas === LAST && status.replicas === LAST, "the last number wanted is there");
  },
};
