/** Keeps log files small: at 10 MiB a container's log is set aside, and five files are kept (upstream's containerLogMaxSize and -Files). */
import type { Clock } from "#base/clock.ts";
import type { Soon } from "#base/soon.ts";
import { UNSURE, WHILE_STILL } from "#kubelet/housekeeping.ts";
import type { LogFiles } from "#kubelet/ports.ts";
import type { ContainerState, PodState, Runtime } from "#kubelet/runtime.ts";

export const ROTATION = { size: 10 * 1024 * 1024, files: 5 };

interface RotationParts {
  readonly logFiles: LogFiles;
  readonly runtime: Runtime;
  readonly clock: Clock;
}
/** A log, and how large it is. */
interface Asked {
  readonly container: ContainerState;
  readonly size: Soon<number | undefined>;
}
/** Looks at the logs of all running containers once, as a chore: nothing is to be done again while no log grows and no container comes. */
export function rotateLogs(pods: Iterable<{ readonly state: PodState | undefined }>, parts: RotationParts): Soon<number> {
  const asked: Asked[] = [];
  for (const { state } of pods) {
    if (!state) continue;
    for (const container of state.containers) {
      if (container.state !== "running" || !container.logPath) continue;
      const size = parts.logFiles.size(container.logPath);
      if (size instanceof Promise || isFull(size)) asked.push({ container, size });
    }
  }
  return asked.length > 0 ? rotateFull(asked, parts) : WHILE_STILL;
}
const isFull = (size: number | undefined) => size !== undefined && size >= ROTATION.size;

async function rotateFull(asked: readonly Asked[], parts: RotationParts): Promise<number> {
  const sizes = await Promise.all(asked.map(a => a.size));
  for (const [i, { container }] of asked.entries()) if (isFull(sizes[i])) await rotate(container, parts);
  return UNSURE;
}
async function rotate({ id, logPath }: ContainerState, { logFiles, runtime, clock }: RotationParts): Promise<void> {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  await logFiles.rename(logPath, `${logPath}.${stamp}`);
  await runtime.reopenLog(id);
  const slash = logPath.lastIndexOf("/");
  const [directory, name] = [logPath.slice(0, slash), logPath.slice(slash + 1)];
  const old = (await logFiles.list(directory)).filter(n => n.startsWith(`${name}.`) && !n.endsWith(".tmp")).sort();
  // the newest of those set aside stays plain, for who follows it
  for (const n of old.slice(0, -1)) if (!n.endsWith(".gz")) await logFiles.compress(`${directory}/${n}`);
  for (const n of old.slice(0, Math.max(0, old.length - (ROTATION.files - 1))))
    await logFiles.remove(`${directory}/${n.replace(/(\.gz)?$/, ".gz")}`);
}
