import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** A new version rolls out, and then another before the first has ended. */
export const rollingUpdate: Scenario = {
  name: "rolling-update",
  says: "a rolling update takes no capacity away, whatever else goes wrong",
  options: { nodes: 3, images },
  faults: { count: 4, within: 600_000 },
  async story(cluster, { chance, say }) {
    await cluster.apply([web({ replicas: 4, maxSurge: 1, maxUnavailable: 1 }), service()]);
    await cluster.clock.advance("1m");
    for (const version of [2, 3]) {
      say(`version ${version} is applied`);
      await cluster.apply(web({ replicas: 4, maxSurge: 1, maxUnavailable: 1, image: `web:${version}` }));
      await cluster.clock.advance(Math.floor(chance.next() * 120_000));
    }
  },
  async end(cluster) {
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 4 && status.updatedReplicas === 4, "the newest version has all replicas in the end");
    assert((await cluster.fetch("http://web")).body === "web:3", "the newest version answers in the end");
  },
};
