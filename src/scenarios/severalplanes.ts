import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;

/** Three control planes over one store; the one at work dies in the middle of a write of a rollout. */
export const severalPlanes: Scenario = {
  name: "several-planes",
  says: "of several control planes one dies in mid-write, and the others go on with its work",
  options: { nodes: 2, images, controlPlanes: 3 },
  faults: { count: 2, within: 120_000, kinds: ["answer", "message", "watchCut", "containerCrash", "pulls"] },
  async story(cluster, { seed, say }) {
    await cluster.apply([web({ replicas: 3 }), service()]);
    await cluster.clock.advance("1m");
    const lease = await cluster.client.get(
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
      "kube-controller-manager",
      "kube-system",
    );
    const who = lease.spec.holderIdentity ?? "";
    say(`version 2 is applied, and ${who}, which is at work, dies in call ${seed} to its store`);
    const when = seed % 2 ? "before" : "after";
    cluster.faults.add([{ fault: "crash", who, port: "store", call: seed, when, for: "6m" }]);
    await cluster.apply(web({ replicas: 3, image: "web:2" }));
    await cluster.clock.advance("5m");
  },
  async end(cluster) {
    const { status } = await cluster.client.get(DEPLOYMENT, "web", "default");
    assert(status.availableReplicas === 3 && status.updatedReplicas === 3, "the new version has all replicas in the end");
  },
};
