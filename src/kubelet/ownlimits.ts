/** Whether a pod has taken more of its node's disk than it said itself: its emptyDirs, all of it, each of its containers. Pure; upstream's rules and words. */
import { parseQuantity, Quantity } from "#base/quantity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Eviction } from "#kubelet/observed.ts";
import { isCritical, podTotal } from "#kubelet/resources.ts";

const STORAGE = "ephemeral-storage";
/** Bytes that a pod takes of the node's disk. */
export interface DiskUse {
  /** Each container's own layer and its logs. */
  readonly containers: ReadonlyMap<string, number>;
  /** Each emptyDir that lies on the disk. */
  readonly volumes: ReadonlyMap<string, number>;
}
/** Seconds; upstream's immediateEvictionGracePeriodSeconds. */
export const AT_ONCE = 1;

/** Whether there is anything that it may exceed. */
export function hasOwnLimits(pod: Pod): boolean {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return (
    all.some(c => c.resources?.limits?.[STORAGE] !== undefined) ||
    (pod.spec.volumes?.some(v => v.emptyDir?.sizeLimit !== undefined && (v.emptyDir.medium ?? "") === "") ?? false)
  );
}
/** Why the pod has to go; undefined: it may stay. */
export function exceeded(pod: Pod, use: DiskUse): Eviction | undefined {
  if (isCritical(pod)) return undefined;
  const message = whatOf(pod, use);
  return message === undefined ? undefined : { reason: "Evicted", message, grace: AT_ONCE };
}
function whatOf(pod: Pod, { containers, volumes }: DiskUse): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit === undefined ? undefined : parseQuantity(emptyDir.sizeLimit);
    if (limit && limit.value() > 0 && isMore(volumes.get(name), limit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  if (pod.spec.containers.some(c => c.resources?.limits?.[STORAGE] !== undefined)) {
    const limit = podTotal(pod, "limits", STORAGE);
    const all = [...containers.values(), ...volumes.values()].reduce((sum, n) => sum + n, 0);
    if (isMore(all, limit)) return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
  }
  for (const { name, resources } of pod.spec.containers) {
    const text = resources?.limits?.[STORAGE];
    const limit = text === undefined ? undefined : parseQuantity(text);
    if (limit && limit.value() > 0 && isMore(containers.get(name), limit))
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}
const isMore = (used: number | undefined, limit: Quantity) => used !== undefined && Quantity.of(used).compare(limit) > 0;
