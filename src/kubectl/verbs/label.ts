/** label and annotate: KEY=VALUE sets, KEY- takes away. */
import { told } from "#kubectl/api.ts";
import { namedTargets, pathOfTarget } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

const marking = (name: string, field: "labels" | "annotations", done: string): Verb => ({
  name,
  usage: "TYPE NAME KEY=VALUE… KEY-…",
  says: `sets ${field}`,
  async run(run) {
    const isChange = (word: string) => /^[^=]+=/.test(word) || /[^=]-$/.test(word);
    const changes = run.words.slice(1).filter(isChange);
    if (changes.length === 0) throw new UsageError(`at least one ${field.slice(0, -1)} update is required`);
    const values = changes.map(c => (c.includes("=") ? [c.slice(0, c.indexOf("=")), c.slice(c.indexOf("=") + 1)] : [c.slice(0, -1), null]));
    const body = { metadata: { [field]: Object.fromEntries(values) } };
    for (const target of await namedTargets(
      run.api,
      run.words.filter((w, i) => i === 0 || !isChange(w)),
    )) {
      await run.api.json("PATCH", pathOfTarget(target, run.namespace), { body, contentType: "application/merge-patch+json" });
      run.out(`${told(target.resource, target.name)} ${done}`);
    }
  },
});
export const label: Verb = marking("label", "labels", "labeled");
export const annotate: Verb = marking("annotate", "annotations", "annotated");
