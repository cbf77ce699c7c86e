import { assert } from "#base/assert.ts";
import type { Images } from "#cluster/create/images.ts";
import { service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

/** Milliseconds that a caller waits for an answer, and from one call to the next. */
const LIMIT = 2000;
const PERIOD = 5000;
/** What a caller tells of itself. */
interface Report {
  readonly calls: number;
  readonly answered: number;
  /** Milliseconds that its longest call took. */
  readonly longest: number;
  /** Whether its last call was answered. */
  readonly well: boolean;
}
/** Servers that count what they were asked to do, and callers that ask them again and again: ready while they are answered. */
const images: Images = {
  web: () => {
    let done = 0;
    return { http: ({ method }) => ({ body: String(method === "POST" ? ++done : done) }) };
  },
  caller: ({ fetch, sleep, now, print }) => {
    let [calls, answered, longest, well] = [0, 0, 0, false];
    const report = (): Report => ({ calls, answered, longest, well });
    return {
      http: () => ({ status: well ? 200 : 503, body: JSON.stringify(report()) }),
      async main() {
        for (;;) {
          const began = now();
          calls++;
          try {
            await fetch("http://web/", { method: "POST", timeout: LIMIT });
            answered++;
            well = true;
          } catch (error) {
            well = false;
            print((error as Error).message);
          }
          longest = Math.max(longest, now() - began);
          await sleep(PERIOD);
        }
      },
    };
  },
};
const POD = { apiVersion: "v1", kind: "Pod" } as const;

/** Pods call each other while their nodes do not reach each other: nobody waits for longer than it wants to, and all is well in the end. */
export const callers: Scenario = {
  name: "callers",
  says: "pods call a service while nodes are cut off from each other, and messages between them are lost, late and doubled",
  options: { nodes: 3, images },
  faults: { count: 6, within: 900_000, kinds: ["nodePartition", "traffic", "kubeletDeath", "containerCrash"] },
  async story(cluster) {
    await cluster.apply([web(), service(), web({ name: "caller", image: "caller:1" })]);
    await cluster.clock.advance("15m");
  },
  async end(cluster) {
    // the next calls of all
    await cluster.clock.advance("30s");
    const { items } = await cluster.client.list(POD, { namespace: "default", labelSelector: "app=caller" });
    assert(items.length === 3, "all callers are there in the end");
    for (const { status } of items) {
      const said = await cluster.fetch(`http://${status.podIP}/`);
      const { calls, answered, longest, well } = JSON.parse(said.body) as Report;
      assert(well, "every caller is answered in the end");
      assert(longest <= LIMIT, "no call takes longer than its caller waits");
      assert(answered > 0 && answered <= calls, "calls are answered");
    }
  },
};
