import { assert } from "#base/assert.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const NAMESPACE = { apiVersion: "v1", kind: "Namespace" } as const;

/** A namespace goes while others go on writing into it; it ends, and leaves nothing. */
export const namespaceDeletion: Scenario = {
  name: "namespace-deletion",
  says: "a namespace that is deleted under load ends, with all that is in it",
  options: { nodes: 2, images },
  faults: { count: 3, within: 120_000 },
  async story(cluster, { chance, say }) {
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "load" } });
    for (let i = 0; i < 3; i++)
      await cluster.apply([web({ name: `web-${i}`, namespace: "load", replicas: 3 }), service(`web-${i}`, "load")]);
    await cluster.clock.advance(Math.floor(chance.next() * 60_000));
    say("the namespace is deleted");
    await cluster.client.delete(NAMESPACE, "load");
    for (let i = 3; i < 12; i++) {
      await cluster.apply(web({ name: `web-${i}`, namespace: "load", replicas: 2 })).catch((error: Error) => {
        if (!/not found|being terminated/.test(error.message)) throw error;
      });
      await cluster.clock.advance(1 + Math.floor(chance.next() * 2000));
    }
  },
  async end(cluster) {
    const left = await cluster.client.list(NAMESPACE);
    assert(!left.items.some(n => n.metadata.name === "load"), "the namespace is gone");
    assert((await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "load" })).items.length === 0, "and so are its pods");
  },
};
