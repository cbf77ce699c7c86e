import type { NodeSelector } from "#kinds/core/v1/selectors.ts";
import { podMatchesNode, termMatches } from "#rules/nodeselector.ts";
import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSALS = [refuseForGood("node(s) didn't match Pod's node affinity/selector")];

export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  filter({ pod }, snapshot) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (!pod.spec.nodeSelector && !required) return undefined;
    const named = required && namedNodes(required);
    return {
      // nothing is kept for pods that each name a node of their own
      ...(!named && { key: JSON.stringify([pod.spec.nodeSelector, required]) }),
      refusals: REFUSALS,
      fill(rows, codes) {
        for (const row of rows) {
          const { name, node } = snapshot.node(row);
          codes[row] = (!named || named.has(name)) && podMatchesNode(pod, node) ? 0 : 1;
        }
      },
    };
  },
  score({ pod }, snapshot) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      key: JSON.stringify(preferred),
      scaled: "more",
      fill(rows, raw) {
        for (const row of rows) {
          const { node } = snapshot.node(row);
          raw[row] = preferred.reduce((sum, p) => sum + (termMatches(p.preference, node) ? p.weight : 0), 0);
        }
      },
    };
  },
};

/** The only nodes that can match, where every term names them, as a DaemonSet's pods do. */
function namedNodes({ nodeSelectorTerms }: NodeSelector): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields } of nodeSelectorTerms) {
    const named = matchFields?.find(f => f.key === "metadata.name" && f.operator === "In");
    if (!named) return undefined;
    for (const name of named.values ?? []) names.add(name);
  }
  return names;
}
