/** cordon and uncordon: whether a node takes new pods. */
import { told } from "#kubectl/api.ts";
import { pathOfTarget } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

const closing = (name: string, unschedulable: boolean, says: string): Verb => ({
  name,
  usage: "NODE",
  says,
  async run(run) {
    if (run.words.length === 0) throw new UsageError(`at least one node is required: ${name} NODE`);
    const resource = await run.api.resource("nodes");
    for (const node of run.words) {
      const body = { spec: { unschedulable: unschedulable || null } };
      await run.api.json("PATCH", pathOfTarget({ resource, name: node }, run.namespace), {
        body,
        contentType: "application/merge-patch+json",
      });
      run.out(`${told(resource, node)} ${name}ed`);
    }
  },
});
export const cordon: Verb = closing("cordon", true, "lets a node take no new pods");
export const uncordon: Verb = closing("uncordon", false, "lets a node take pods again");
