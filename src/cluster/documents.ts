import { parseYaml } from "#base/yaml.ts";
import type { KubeDraft } from "#cluster/create/cluster.ts";

/** What no object can be made of: one sentence. */
export class DraftError extends Error {}

/** The objects of a text with YAML or JSON documents, Lists taken apart. Throws YamlError or DraftError. */
export function documents(source: string): KubeDraft[] {
  return parseYaml(source).flatMap(({ value, problems }) => {
    if (problems.length > 0) throw new DraftError(`the YAML to apply: ${problems.join(", ")}`);
    const list = value as { kind?: string; items?: KubeDraft[] } | null;
    if (list === null) return [];
    const drafts = list.kind === "List" && list.items ? list.items : [value as KubeDraft];
    for (const draft of drafts) {
      if (!draft?.apiVersion || !draft.kind) throw new DraftError("the YAML to apply: an object needs apiVersion and kind");
      if (!draft.metadata?.name) throw new DraftError(`the YAML to apply: the ${draft.kind} has no metadata.name`);
    }
    return drafts;
  });
}
