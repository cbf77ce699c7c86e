import { parseYaml } from "#base/yaml.ts";
import type { KubeDraft } from "#cluster/create.ts";

/** The objects of a text with YAML or JSON documents, Lists taken apart. Throws YamlError, or one sentence. */
export function documents(source: string): KubeDraft[] {
  return parseYaml(source).flatMap(({ value, problems }) => {
    if (problems.length > 0) throw new Error(`the YAML to apply: ${problems.join(", ")}`);
    const list = value as { kind?: string; items?: KubeDraft[] } | null;
    if (list === null) return [];
    return list.kind === "List" && list.items ? list.items : [value as KubeDraft];
  });
}
