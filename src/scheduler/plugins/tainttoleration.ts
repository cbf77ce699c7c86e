import { keepsAway, tolerates, untolerated } from "#rules/taints.ts";
import { type Plugin, refuseForGood, scale } from "#scheduler/plugin.ts";

const REFUSED = refuseForGood("node(s) had untolerated taint(s)");

export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  filter({ pod }) {
    return node => (untolerated(node.node.spec.taints, pod.spec.tolerations, keepsAway) ? REFUSED : undefined);
  },
  score({ pod }) {
    const soft = (pod.spec.tolerations ?? []).filter(t => !t.effect || t.effect === "PreferNoSchedule");
    return {
      score: ({ node }) => (node.spec.taints ?? []).filter(t => t.effect === "PreferNoSchedule" && !soft.some(s => tolerates(s, t))).length,
      normalize: scores => scale(scores, true),
    };
  },
};
