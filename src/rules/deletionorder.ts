/** Which of a set's pods go first when there are too many: upstream's ActivePodsWithRanks with LogarithmicScaleDown. */
import { parseTime } from "#base/time.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerStatus } from "#kinds/core/v1/podstatus.ts";
import { isActive, isPodReady, readySince } from "#rules/pods.ts";

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const COST = "controller.kubernetes.io/pod-deletion-cost";

/**
 * The pods in the order in which they are to be deleted: not yet assigned before assigned, pending before running, not ready before
 * ready, cheaper by pod-deletion-cost, on nodes where more of `related` pods run, ready for a shorter time, restarted more often,
 * younger. Times count by their binary logarithm, and the uid decides within one magnitude, so that age alone does not.
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    if (!isActive(pod) || !pod.spec.nodeName) continue;
    onNode.set(pod.spec.nodeName, (onNode.get(pod.spec.nodeName) ?? 0) + 1);
  }
  const rank = (pod: Pod) => onNode.get(pod.spec.nodeName ?? "") ?? 0;
  return [...pods].sort((a, b) => {
    const assigned = Number(!!a.spec.nodeName) - Number(!!b.spec.nodeName);
    if (assigned !== 0) return assigned;
    const phase = (PHASES[a.status.phase ?? ""] ?? 0) - (PHASES[b.status.phase ?? ""] ?? 0);
    if (phase !== 0) return phase;
    const ready = Number(isPodReady(a)) - Number(isPodReady(b));
    if (ready !== 0) return ready;
    const cost = costOf(a) - costOf(b);
    if (cost !== 0) return cost;
    if (rank(a) !== rank(b)) return rank(b) - rank(a);
    if (isPodReady(a) && isPodReady(b) && readySince(a) !== readySince(b)) return younger(a, b, readySince(a), readySince(b), now);
    const [restarts, others] = [restartsOf(a), restartsOf(b)];
    if (restarts.containers !== others.containers) return others.containers - restarts.containers;
    if (restarts.sidecars !== others.sidecars) return others.sidecars - restarts.sidecars;
    const [born, otherBorn] = [parseTime(a.metadata.creationTimestamp ?? ""), parseTime(b.metadata.creationTimestamp ?? "")];
    if (born !== otherBorn) return younger(a, b, born, otherBorn, now);
    return 0;
  });
}

function younger(a: Pod, b: Pod, since: number | undefined, otherSince: number | undefined, now: number): number {
  const [x, y] = [magnitude(since, now), magnitude(otherSince, now)];
  if (x !== y) return x - y;
  return (a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1;
}
/** The binary logarithm of a duration in nanoseconds, as upstream takes it. */
function magnitude(since: number | undefined, now: number): number {
  const nanoseconds = (now - (since ?? 0)) * 1e6;
  return nanoseconds <= 0 ? -1 : Math.floor(Math.log2(nanoseconds));
}
/** The annotation as a 32-bit integer; anything else counts as 0. */
function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[COST] ?? "";
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}
function restartsOf(pod: Pod): { readonly containers: number; readonly sidecars: number } {
  const most = (statuses: readonly ContainerStatus[]) => Math.max(0, ...statuses.map(s => s.restartCount));
  const sidecars = new Set(pod.spec.initContainers?.filter(c => c.restartPolicy === "Always").map(c => c.name));
  return {
    containers: most(pod.status.containerStatuses ?? []),
    sidecars: most((pod.status.initContainerStatuses ?? []).filter(s => sidecars.has(s.name))),
  };
}
