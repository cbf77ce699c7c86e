import { keepsAway, tolerates, untolerated } from "#rules/taints.ts";
import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSALS = [refuseForGood("node(s) had untolerated taint(s)")];

export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  filter({ pod }, snapshot) {
    const { tolerations } = pod.spec;
    return {
      key: JSON.stringify(tolerations ?? []),
      refusals: REFUSALS,
      fill(rows, codes) {
        for (const row of rows) codes[row] = untolerated(snapshot.node(row).node.spec.taints, tolerations, keepsAway) ? 1 : 0;
      },
    };
  },
  score({ pod }, snapshot) {
    const soft = (pod.spec.tolerations ?? []).filter(t => !t.effect || t.effect === "PreferNoSchedule");
    return {
      key: JSON.stringify(soft),
      scaled: "less",
      fill(rows, raw) {
        for (const row of rows) {
          let count = 0;
          for (const taint of snapshot.node(row).node.spec.taints ?? [])
            if (taint.effect === "PreferNoSchedule" && !soft.some(s => tolerates(s, taint))) count++;
          raw[row] = count;
        }
      },
    };
  },
};
