import { podMatchesNode, termMatches } from "#rules/nodeselector.ts";
import { type Plugin, refuseForGood, scale } from "#scheduler/plugin.ts";

const REFUSED = refuseForGood("node(s) didn't match Pod's node affinity/selector");

export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  filter({ pod }) {
    if (!pod.spec.nodeSelector && !pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution) return undefined;
    return node => (podMatchesNode(pod, node.node) ? undefined : REFUSED);
  },
  score({ pod }) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      score: node => preferred.reduce((sum, p) => sum + (termMatches(p.preference, node.node) ? p.weight : 0), 0),
      normalize: scores => scale(scores, false),
    };
  },
};
