import { parseYaml, type YamlDocument, YamlError } from "#base/yaml.ts";
import type { KubeDraft } from "#cluster/create/cluster.ts";
import { DraftError } from "#cluster/drafterror.ts";

/** The objects of a text with YAML or JSON documents, Lists taken apart; `name` is what the text is called. Throws DraftError. */
export function documents(source: string, name = "the YAML to apply"): KubeDraft[] {
  return parsed(source, name).flatMap(({ value, problems }) => {
    if (problems.length > 0) throw new DraftError(`${name}: ${problems.join(", ")}`);
    const list = value as { kind?: string; items?: KubeDraft[] } | null;
    if (list === null) return [];
    const drafts = list.kind === "List" && list.items ? list.items : [value as KubeDraft];
    for (const draft of drafts) {
      if (!draft?.apiVersion || !draft.kind) throw new DraftError(`${name}: an object needs apiVersion and kind`);
      if (!draft.metadata?.name) throw new DraftError(`${name}: the ${draft.kind} has no metadata.name`);
    }
    return drafts;
  });
}
function parsed(source: string, name: string): YamlDocument[] {
  try {
    return parseYaml(source);
  } catch (error) {
    throw error instanceof YamlError ? new DraftError(`${name}: ${error.message}`) : error;
  }
}
