/** TaintNodesByCondition: a new node takes no pods before the node lifecycle loop has seen it ready. */
import { isAbout } from "#apiserver/admission/refuse.ts";
import type { AdmissionPlugin } from "#apiserver/call.ts";
import { Node } from "#kinds/core/v1/node.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  kinds: [Node],
  admit(a) {
    if (a.operation !== "CREATE" || !isAbout(a, Node)) return;
    const { spec } = a.object as Node;
    const taints = spec.taints ?? [];
    if (taints.some(t => t.key === NOT_READY.key && t.effect === NOT_READY.effect)) return;
    spec.taints = [...taints, { ...NOT_READY }];
  },
};
