/** set image: another image for containers of a pod or of a template. */
import { told } from "#kubectl/api.ts";
import { namedTargets, pathOfTarget } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

export const set: Verb = {
  name: "set",
  usage: "image TYPE/NAME CONTAINER=IMAGE…",
  says: "changes images",
  async run(run) {
    const [what, ...words] = run.words;
    if (what !== "image") throw new UsageError(`unknown command "set ${what ?? ""}": image can be set`);
    const pairs = words.filter(w => w.includes("=")).map(w => ({ name: w.slice(0, w.indexOf("=")), image: w.slice(w.indexOf("=") + 1) }));
    if (pairs.length === 0) throw new UsageError("at least one image update is required");
    for (const target of await namedTargets(
      run.api,
      words.filter(w => !w.includes("=")),
    )) {
      const spec = { containers: pairs };
      const body = { spec: target.resource.kind === "Pod" ? spec : { template: { spec } } };
      await run.api.json("PATCH", pathOfTarget(target, run.namespace), { body, contentType: "application/strategic-merge-patch+json" });
      run.out(`${told(target.resource, target.name)} image updated`);
    }
  },
};
