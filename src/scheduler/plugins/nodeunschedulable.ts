import { tolerates } from "#rules/taints.ts";
import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSALS = [refuseForGood("node(s) were unschedulable")];
const TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  filter({ pod }, snapshot) {
    if (pod.spec.tolerations?.some(t => tolerates(t, TAINT))) return undefined;
    return {
      key: "",
      refusals: REFUSALS,
      fill(rows, codes) {
        for (const row of rows) codes[row] = snapshot.node(row).node.spec.unschedulable ? 1 : 0;
      },
    };
  },
};
