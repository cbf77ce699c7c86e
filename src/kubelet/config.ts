/** What a kubelet is told, and what it is made of. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import type { Reasons } from "#client/reasons.ts";
import type { View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { ClusterDns } from "#kubelet/network.ts";
import type { NodeConfig } from "#kubelet/node.ts";
import type { Cgroups, Changes, Disk, LogFiles, Machine, Prober, StreamServer } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import type { EvictionRules } from "#kubelet/thresholds.ts";

export interface KubeletConfig {
  readonly node: NodeConfig;
  /** Directory of volumes; `<root>/memory` becomes a tmpfs for secrets. */
  readonly root: string;
  /** Log files lie in `<logs>/pods/…`. */
  readonly logs: string;
  /** Where `kubepods` lies: empty, or a path that begins with a slash. */
  readonly cgroupRoot: string;
  readonly seccompRoot: string;
  readonly dns: ClusterDns;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly podPidsLimit: number | undefined;
  /** Images that are never collected, e.g. the pause image. */
  readonly keepImages: readonly string[];
  /** Percent of the image filesystem: collection begins above the first and ends below the second. */
  readonly imageThresholds: { readonly high: number; readonly low: number };
  readonly eviction: EvictionRules;
}
export interface KubeletParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly disk: Disk;
  readonly logFiles: LogFiles;
  readonly cgroups: Cgroups;
  readonly machine: Machine;
  readonly prober: Prober;
  readonly streams: StreamServer;
  readonly reasons?: Reasons;
  /** Without it the machine is asked again and again. */
  readonly changes?: Changes;
  /** Views of another, when many nodes share a process: this node's pods, and all services. Else it has watches of its own. */
  readonly shared?: { readonly pods: View<Pod>; readonly services: View<Service> };
}
