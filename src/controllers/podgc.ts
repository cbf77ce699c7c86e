/** Pods that nobody looks after any more: of nodes that are gone, terminating without a node, and too many that have ended. */

import { reasonOf } from "#base/status.ts";
import { parseTime } from "#base/time.ts";
import { controller, on } from "#client/controller.ts";
import { patch, remove, type Step } from "#client/steps.ts";
import { keyOf, splitKey } from "#client/view.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { disruption } from "#rules/disruption.ts";
import { isTerminal } from "#rules/pods.ts";

/** Ended pods that are kept. */
const KEPT = 12_500;
/** Milliseconds for which a node may be away before its pods are given up. */
const QUARANTINE = 40_000;
const BY_NODE = "node";
const ENDED = "ended";
const TERMINATED = "terminated";

/** Keys: "ended", "node/<name>", "pod/<namespace>/<name>". */
export type Observed =
  | { readonly what: "ended"; readonly ended: readonly Pod[] }
  | { readonly what: "node"; readonly node: string; readonly orphans: readonly Pod[] }
  | { readonly what: "unscheduled"; readonly pod: Pod };

export const podGarbageCollector = controller<Observed>({
  name: "pod-garbage-collector",
  keyedBy: "Pod",
  watches: [
    on(Pod, pod => {
      if (isTerminal(pod)) return [ENDED];
      return pod.metadata.deletionTimestamp && !pod.spec.nodeName ? [`pod/${keyOf(pod)}`] : [];
    }),
    on(
      Pod,
      (pod, views, gone) => (!gone && pod.spec.nodeName && !views.of(Node).get(pod.spec.nodeName) ? [`node/${pod.spec.nodeName}`] : []),
      { delay: QUARANTINE },
    ),
    on(Node, (node, _, gone) => (gone ? [`node/${node.metadata.name}`] : []), { delay: QUARANTINE }),
  ],
  prepare(views) {
    views.of(Pod).index(BY_NODE, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    views.of(Pod).index(TERMINATED, pod => (isTerminal(pod) ? [ENDED] : []));
  },
  async observe(key, { views, client }) {
    if (key === ENDED)
      return {
        what: "ended",
        ended: views
          .of(Pod)
          .by(TERMINATED, ENDED)
          .filter(pod => !heldOnly(pod)),
      };
    const { namespace: what, name: rest } = splitKey(key);
    if (what === "pod") {
      const { namespace, name } = splitKey(rest);
      const pod = views.of(Pod).get(name, namespace);
      return pod?.metadata.deletionTimestamp && !pod.spec.nodeName && !heldOnly(pod) ? { what: "unscheduled", pod } : undefined;
    }
    const orphans = views
      .of(Pod)
      .by(BY_NODE, rest)
      .filter(pod => !heldOnly(pod));
    if (orphans.length === 0 || views.of(Node).get(rest)) return undefined;
    try {
      await client.get(Node, rest);
      return undefined;
    } catch (error) {
      if (reasonOf(error) !== "NotFound") throw error;
    }
    return { what: "node", node: rest, orphans };
  },

  decide(observed, { now }): Step[] {
    if (observed.what === "unscheduled") return [gone(observed.pod, "it is being deleted and never had a node")];
    if (observed.what === "ended") {
      const surplus = observed.ended.length - KEPT;
      if (surplus <= 0) return [];
      const oldest = [...observed.ended].sort((a, b) => born(a) - born(b));
      return oldest.slice(0, surplus).map(pod => gone(pod, `only ${KEPT} ended pods are kept`));
    }
    return observed.orphans.flatMap(pod => {
      const because = `its node ${observed.node} is gone`;
      if (isTerminal(pod)) return [gone(pod, because)];
      const failed = disruption(pod.metadata.uid, "DeletionByPodGC", "PodGC: node no longer exists", now, { phase: "Failed" });
      return [patch(Pod, pod, "strategic", failed, because, { subresource: "status" }), gone(pod, because)];
    });
  },
});
/** Deleted without grace already; only its finalizers hold it, and no second deletion changes that. */
const heldOnly = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0 && (metadata.finalizers?.length ?? 0) > 0;
const gone = (pod: Pod, because: string): Step => remove(Pod, pod, because, { gracePeriodSeconds: 0 });
const born = (pod: Pod): number => parseTime(pod.metadata.creationTimestamp ?? "") ?? 0;
