import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { amountsOf, podRequests } from "#rules/podrequests.ts";
import { isTerminal } from "#rules/pods.ts";
import type { Invariant } from "./invariant.ts";

/** What the running pods of a node ask for never exceeds what it has to give. */
export const capacity: Invariant = {
  name: "no node is asked for more than it has",
  begin(seen) {
    return {
      wrote({ kind, object }) {
        if (kind !== Pod || !object) return undefined;
        const { spec, status } = object as Pod;
        if (!spec.nodeName || status.phase !== "Running") return undefined;
        const node = seen.list(Node).find(n => n.metadata.name === spec.nodeName);
        if (!node) return undefined;
        const has = amountsOf(node.status.allocatable as Record<string, string> | undefined);
        const own = seen.list(Pod).filter(p => p.spec.nodeName === spec.nodeName && p.status.phase === "Running" && !isTerminal(p));
        const asked: Record<string, number> = { pods: own.length };
        for (const pod of own) for (const [name, amount] of Object.entries(podRequests(pod))) asked[name] = (asked[name] ?? 0) + amount;
        for (const [name, amount] of Object.entries(asked))
          if (has[name] !== undefined && amount > has[name])
            return `the pods of ${spec.nodeName} ask for ${amount} of ${name}, and it has ${has[name]}`;
        return undefined;
      },
    };
  },
};
