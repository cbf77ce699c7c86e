/** What happens to a pod before it is stored (upstream's pkg/registry/core/pod/strategy.go). */
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import { qosClassOf } from "#kinds/core/v1/qos.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

type Labels = Readonly<Record<string, string>>;

/** Terms that name label keys get the pod's own values into their selectors, once, at creation (KEP-3633, KEP-3243). */
function addOwnValues(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: Labels,
): void {
  if (!selector) return;
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value !== undefined) selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
  }
}
function fillSelectors(pod: PodShape): void {
  const labels = pod.metadata.labels ?? {};
  const { affinity, topologySpreadConstraints } = pod.spec;
  for (const a of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    const preferred = (a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(w => w.podAffinityTerm);
    for (const term of [...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred]) {
      addOwnValues(term.labelSelector, term.matchLabelKeys, "In", labels);
      addOwnValues(term.labelSelector, term.mismatchLabelKeys, "NotIn", labels);
    }
  }
  for (const c of topologySpreadConstraints ?? []) addOwnValues(c.labelSelector, c.matchLabelKeys, "In", labels);
}

export function preparePod(pod: PodShape, now: string): void {
  pod.status = { phase: "Pending", qosClass: qosClassOf(pod.spec) };
  fillSelectors(pod);
  if ((pod.spec.schedulingGates ?? []).length === 0) return;
  pod.status.conditions = [
    {
      type: "PodScheduled",
      status: "False",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
      lastTransitionTime: now,
    },
  ];
}
