/** The groups above the pods' own: `kubepods` holds what all pods may use, its tiers weigh classes of service against each other. */
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { CgroupConfig } from "#kubelet/ports.ts";
import { cpuShares, podTotal, qosOf } from "#kubelet/resources.ts";

const SHARES_PER_CPU = 1024;
const LEAST = 2;

/** Names and settings, outermost first (upstream's qos_container_manager and node_container_manager). */
export function tiersOf(
  root: string,
  pods: readonly Pod[],
  node: { readonly cpus: number; readonly memoryBytes: number },
): readonly (readonly [string, CgroupConfig])[] {
  const burstable = pods.filter(p => qosOf(p) === "Burstable").reduce((sum, p) => sum + podTotal(p, "requests", "cpu").milliValue(), 0);
  return [
    [`${root}/kubepods`, { cpuShares: node.cpus * SHARES_PER_CPU, memoryLimit: node.memoryBytes }],
    [`${root}/kubepods/burstable`, { cpuShares: cpuShares(burstable) }],
    [`${root}/kubepods/besteffort`, { cpuShares: LEAST }],
  ];
}
