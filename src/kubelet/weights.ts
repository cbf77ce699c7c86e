/** Keeps the groups above the pods' own (tiers.ts) as the pods that are here ask for; changes of the pods are taken together. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { Cgroups } from "#kubelet/ports.ts";
import { tiersOf } from "#kubelet/tiers.ts";

/** Milliseconds in which changes are gathered. */
const AFTER = 1000;

export interface WeightsParts {
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly log: Log;
  /** Where `kubepods` lies. */
  readonly cgroupRoot: string;
  /** What all pods may use together. */
  readonly room: { readonly cpus: number; readonly memoryBytes: number };
  /** The pods that take of it. */
  readonly pods: () => readonly Pod[];
}
/** The result says that pods have come or gone. */
export function keepWeights(parts: WeightsParts, signal: AbortSignal): () => void {
  let due = false;
  const set = async () => {
    due = false;
    const { cgroups, cgroupRoot, room, pods, log } = parts;
    try {
      for (const [name, settings] of tiersOf(cgroupRoot, pods(), room)) await cgroups.ensure(name, settings);
    } catch (error) {
      log.warn("the groups above the pods could not be set", { error: messageOf(error) });
    }
  };
  return () => {
    if (due) return;
    due = true;
    void parts.clock.sleep(AFTER, signal).then(set, () => undefined);
  };
}
