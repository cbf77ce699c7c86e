import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** The control plane is dead for an hour; requests are answered all the time. */
export const deadHour: Scenario = {
  name: "dead-hour",
  says: "services go on while the control plane is dead for an hour, and it goes on where it was",
  options: { nodes: 2, images },
  faults: { count: 3, within: 60_000, kinds: ["answer", "message", "watchCut", "crash"] },
  async story(cluster, { say }) {
    await cluster.apply([web({ replicas: 3 }), service()]);
    while (cluster.faults.pending > 0) await cluster.clock.advance("10s");
    await cluster.settled({ within: "3h" });
    say("the control plane dies");
    cluster.controlPlane.stop();
    for (let minute = 0; minute < 60; minute++) {
      await cluster.clock.advance("1m");
      assert((await cluster.fetch("http://web")).status === 200, "the service answers");
    }
    await cluster.controlPlane.start();
    say("the control plane is back");
  },
  async end(cluster) {
    const { items } = await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default" });
    assert(items.length === 3, "there are as many pods as before");
    assert((await cluster.fetch("http://web")).status === 200, "the service answers in the end");
  },
};
