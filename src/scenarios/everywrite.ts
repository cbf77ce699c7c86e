import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** The control plane dies in the n-th call of its store after a rollout has begun; n is the seed, so that a hundred seeds are every one of them. */
export const everyWrite: Scenario = {
  name: "every-write",
  says: "a rollout goes on where it was, at whichever call to its store the control plane dies and begins anew",
  options: { nodes: 2, images },
  faults: { count: 0, within: 0 },
  async story(cluster, { seed, say }) {
    await cluster.apply([web({ replicas: 3, maxSurge: 1, maxUnavailable: 0 }), service()]);
    await cluster.settled();
    for (const [version, when] of [
      [2, "before"],
      [3, "after"],
    ] as const) {
      say(`version ${version} is applied, and the control plane dies ${when} call ${seed} to its store`);
      cluster.faults.add([{ fault: "crash", who: "control-plane", port: "store", call: seed, when, for: "30s" }]);
      await cluster.apply(web({ replicas: 3, maxSurge: 1, maxUnavailable: 0, image: `web:${version}` }));
      await cluster.clock.advance("2m");
    }
  },
  async end(cluster) {
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 3 && status.updatedReplicas === 3, "the newest version has all replicas in the end");
    assert((await cluster.fetch("http://web")).body === "web:3", "the newest version answers in the end");
  },
};
