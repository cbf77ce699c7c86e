import { tolerates } from "#rules/taints.ts";
import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSED = refuseForGood("node(s) were unschedulable");
const TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  filter({ pod }) {
    if (pod.spec.tolerations?.some(t => tolerates(t, TAINT))) return undefined;
    return node => (node.node.spec.unschedulable ? REFUSED : undefined);
  },
};
