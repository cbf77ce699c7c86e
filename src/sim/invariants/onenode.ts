import { Pod } from "#kinds/core/v1/pod.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** A pod is bound once and never to another node, and its containers run on that node alone. */
export const oneNode: Invariant = {
  name: "no pod runs on two nodes",
  begin: seen => ({
    wrote({ kind, object, old }) {
      if (kind !== Pod) return undefined;
      const pod = (object ?? old) as Pod;
      const before = (old as Pod | undefined)?.spec.nodeName;
      if (object && before && old?.metadata.uid === object.metadata.uid && before !== pod.spec.nodeName)
        return `pod ${nameOf(pod)} was bound to ${before}, and is now to ${pod.spec.nodeName || "none"}`;
      const on = seen.runsOn(pod.metadata.uid ?? "");
      if (on.length > 1) return `pod ${nameOf(pod)} runs on ${on.join(" and ")}`;
      if (on[0] !== undefined && on[0] !== pod.spec.nodeName) return `pod ${nameOf(pod)} of ${pod.spec.nodeName} runs on ${on[0]}`;
      return undefined;
    },
  }),
};
