import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;
const WHERE = { namespace: "default" };
const ill = { ...images, ill: () => ({ http: () => ({ status: 500 }) }) };

/** A version that never becomes ready: the Deployment goes back by itself when its deadline passes. */
export const rollback: Scenario = {
  name: "rollback",
  says: "a version that never becomes ready is taken back when its deadline passes, and the service answers",
  options: { nodes: 2, images: ill },
  faults: { count: 3, within: 300_000, kinds: ["answer", "message", "crash", "watchCut", "controlPlaneDeath"] },
  async story(cluster, { say }) {
    const asks = { "coxswain.dev/rollback-on-deadline": "true" };
    await cluster.apply([web({ replicas: 3, maxSurge: 1, maxUnavailable: 0 }), service()]);
    await cluster.client.patch(DEPLOYMENT, "web", { metadata: { annotations: asks }, spec: { progressDeadlineSeconds: 60 } }, WHERE);
    while ((await cluster.client.get(DEPLOYMENT, "web", "default")).metadata.annotations?.["coxswain.dev/rolled-out"] === undefined)
      await cluster.clock.advance("5s");
    say("a version is applied that never becomes ready");
    await cluster.apply(web({ replicas: 3, maxSurge: 1, maxUnavailable: 0, image: "ill:2" }));
    await cluster.clock.advance("3m");
  },
  async end(cluster) {
    const { spec, status } = await cluster.client.get(DEPLOYMENT, "web", "default");
    assert(spec.template.spec?.containers[0]?.image === "web:1", "the old version is back");
    assert(status.availableReplicas === 3 && status.updatedReplicas === 3, "all replicas are of the old version");
    assert((await cluster.fetch("http://web")).body === "web:1", "the old version answers");
  },
};
