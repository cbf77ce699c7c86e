/** scale: how many pods a set is to have. */
import { pathTo, told } from "#kubectl/api.ts";
import { namedTargets } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

export const scale: Verb = {
  name: "scale",
  usage: "TYPE/NAME --replicas=N",
  says: "sets how many pods there are to be",
  flags: [{ name: "replicas", value: true, says: "how many" }],
  async run(run) {
    const replicas = run.number("replicas");
    if (replicas === undefined) throw new UsageError('required flag(s) "replicas" not set');
    for (const { resource, name } of await namedTargets(run.api, run.words)) {
      const body = { spec: { replicas } };
      await run.api.json("PATCH", pathTo(resource, run.namespace, `${name}/scale`), { body, contentType: "application/merge-patch+json" });
      run.out(`${told(resource, name)} scaled`);
    }
  },
};
