import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const CONFIG = { apiVersion: "v1", kind: "ConfigMap" } as const;
const WRITES = 20;

/** Whatever was acknowledged while the disk below the store was full, slow or gone is there in the end; the rollout has gone on. */
export const failingDisk: Scenario = {
  name: "failing-disk",
  says: "the store's disk is full, slow, or gone with what was not synced: nothing acknowledged is lost, and a rollout goes on",
  options: { nodes: 2, images },
  faults: { count: 3, within: 200_000, kinds: ["disk"] },
  async story(cluster) {
    await cluster.apply([web({ replicas: 3, maxSurge: 1, maxUnavailable: 0 }), service()]);
    for (let i = 0; i < WRITES; i++) {
      await cluster.apply({ ...CONFIG, metadata: { name: `note-${i}` }, data: { written: String(i) } });
      if (i === WRITES / 2) await cluster.apply(web({ replicas: 3, maxSurge: 1, maxUnavailable: 0, image: "web:2" }));
      await cluster.clock.advance("10s");
    }
  },
  async end(cluster) {
    for (let i = 0; i < WRITES; i++)
      assert((await cluster.client.get(CONFIG, `note-${i}`, "default")).data?.written === String(i), "what was acknowledged is there");
    const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
    assert(status.availableReplicas === 3 && status.updatedReplicas === 3, "the new version has all replicas in the end");
    assert((await cluster.fetch("http://web")).body === "web:2", "the new version answers in the end");
  },
};
