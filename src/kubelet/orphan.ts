/** Ends and removes what the runtime still holds of a pod that the API no longer knows. */
import { ANNOTATION, podPaths } from "#kubelet/names.ts";
import type { PodState } from "#kubelet/runtime.ts";
import type { Shared } from "#kubelet/worker.ts";

/** Its spec is gone with it: what its containers were annotated with is all there is to go by. */
export async function clearOrphan({ runtime, mounts, disk, cgroups, setting }: Shared, state: PodState): Promise<void> {
  const running = state.containers.filter(c => c.state === "running" || c.state === "unknown");
  await Promise.all(running.map(c => runtime.stopContainer(c.id, Number(c.annotations[ANNOTATION.gracePeriod] ?? 30))));
  for (const s of state.sandboxes) await runtime.stopSandbox(s.id);
  for (const c of state.containers) await runtime.removeContainer(c.id);
  for (const s of state.sandboxes) await runtime.removeSandbox(s.id);
  await mounts.tearDown(state);
  await disk.remove(podPaths(setting.roots, state).logs);
  for (const tier of ["", "/burstable", "/besteffort"]) await cgroups.remove(`${setting.cgroupRoot}/kubepods${tier}/pod${state.uid}`);
}
