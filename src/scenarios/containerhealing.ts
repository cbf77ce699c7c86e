import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** Containers die, probes fail, images come late. */
export const containerHealing: Scenario = {
  name: "container-healing",
  says: "containers that die or fall ill are started again where they were",
  options: { nodes: 2, images },
  faults: { count: 6, within: 300_000, kinds: ["containerCrash", "probes", "pulls", "runtimeDeath", "kubeletDeath"] },
  async story(cluster) {
    await cluster.apply([web({ replicas: 4 }), service()]);
    await cluster.clock.advance("5m");
  },
  async end(cluster) {
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 4, "all replicas are available in the end");
    assert((await cluster.fetch("http://web")).status === 200, "the service answers in the end");
  },
};
