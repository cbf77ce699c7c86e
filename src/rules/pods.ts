/** What state a pod is in, as controllers, scheduler and kubelet agree on it. */
import { parseTime } from "#base/time.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { PodCondition } from "#kinds/core/v1/podstatus.ts";
import { conditionOf } from "#rules/conditions.ts";

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return conditionOf(pod.status?.conditions, type);
}
export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}
/** Succeeded or Failed: its containers will not run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
/** Neither terminal nor being deleted: it counts as a replica. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && !pod.metadata.deletionTimestamp;
}
/** Being deleted, but not terminal yet. */
export function isTerminating(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}
/** Milliseconds; undefined while the pod is not ready. */
export function readySince(pod: Pod): number | undefined {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  return parseTime(ready.lastTransitionTime ?? "") ?? 0;
}
/** From when on the pod counts as available: ready for `minReadySeconds`. Milliseconds; undefined while it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number | undefined {
  const since = readySince(pod);
  return since === undefined ? undefined : since + minReadySeconds * 1000;
}
/** `now` in milliseconds. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const at = availableAt(pod, minReadySeconds);
  return at !== undefined && (minReadySeconds === 0 || at <= now);
}
