/** Pods leave nodes whose NoExecute taints they do not tolerate, or no longer. */
import { parseTime } from "#base/time.ts";
import { controller, on } from "#client/controller.ts";
import { patch, remove, type Step, tell, wake } from "#client/steps.ts";
import { keyOf, splitKey } from "#client/view.ts";
import type { Taint } from "#kinds/core/v1/affinity.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { disruption } from "#rules/disruption.ts";
import { tolerates } from "#rules/taints.ts";

const BY_NODE = "node";

export interface Observed {
  readonly pod: Pod;
  /** NoExecute taints of its node. */
  readonly taints: readonly Taint[];
}

export const taintEvictionController = controller<Observed>({
  name: "taint-eviction-controller",
  account: "node-controller",
  keyedBy: "Pod",
  workers: 8,
  watches: [
    on(Pod, (pod, views) => {
      const node = pod.spec.nodeName ? views.of(Node).get(pod.spec.nodeName) : undefined;
      return node?.spec.taints?.some(t => t.effect === "NoExecute") ? [keyOf(pod)] : [];
    }),
    on(
      Node,
      (node, views) =>
        node.spec.taints?.some(t => t.effect === "NoExecute")
          ? views
              .of(Pod)
              .by(BY_NODE, node.metadata.name ?? "")
              .map(keyOf)
          : [],
      { reads: node => node.spec.taints },
    ),
  ],
  prepare(views) {
    views.of(Pod).index(BY_NODE, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  },
  observe(key, { views }) {
    const { namespace, name } = splitKey(key);
    const pod = views.of(Pod).get(name, namespace);
    if (!pod || pod.metadata.deletionTimestamp || !pod.spec.nodeName) return undefined;
    const taints = views.of(Node).get(pod.spec.nodeName)?.spec.taints ?? [];
    return { pod, taints: taints.filter(t => t.effect === "NoExecute") };
  },

  decide({ pod, taints }, { now }): Step[] {
    const at = evictionTime(pod, taints, now);
    if (at === undefined) return [];
    if (at > now) return [wake(at, "until then it tolerates its node's taints")];
    const because = `it does not tolerate a taint of its node: ${taints.map(t => t.key).join(", ")}`;
    const change = disruption(pod.metadata.uid, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now);
    const { namespace, name } = pod.metadata;
    return [
      tell(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${namespace}/${name}`),
      patch(Pod, pod, "strategic", change, because, { subresource: "status" }),
      remove(Pod, pod, because),
    ];
  },
});

/**
 * When the pod has to go, in milliseconds; undefined: it may stay. The shortest of the tolerations that apply counts from the time of
 * the taint; one that does not say its time yet counts from now (the node's loop writes it).
 */
export function evictionTime(pod: Pod, taints: readonly Taint[], now: number): number | undefined {
  const tolerations = pod.spec.tolerations ?? [];
  let first: number | undefined;
  for (const taint of taints) {
    const applying = tolerations.filter(t => tolerates(t, taint));
    if (applying.length === 0) return now;
    const seconds = applying.flatMap(t => (t.tolerationSeconds === undefined ? [] : [Math.max(0, t.tolerationSeconds)]));
    if (seconds.length === 0) continue;
    const at = (parseTime(taint.timeAdded ?? "") ?? now) + Math.min(...seconds) * 1000;
    if (first === undefined || at < first) first = at;
  }
  return first;
}
