/** Keeps log files small: at 10 MiB a container's log is set aside, and five files are kept (upstream's containerLogMaxSize and -Files). */
import type { Clock } from "#base/clock.ts";
import { type Soon, soon, together } from "#base/soon.ts";
import type { LogFiles } from "#kubelet/ports.ts";
import type { ContainerState, PodState, Runtime } from "#kubelet/runtime.ts";

export const ROTATION = { size: 10 * 1024 * 1024, files: 5 };

interface RotationParts {
  readonly logFiles: LogFiles;
  readonly runtime: Runtime;
  readonly clock: Clock;
}
/** Looks at the logs of all running containers once. */
export function rotateLogs(pods: Iterable<{ readonly state: PodState | undefined }>, parts: RotationParts): Soon<void> {
  const logs: ContainerState[] = [];
  for (const { state } of pods) if (state) for (const c of state.containers) if (c.state === "running" && c.logPath) logs.push(c);
  if (logs.length === 0) return;
  return soon(together(logs.map(c => parts.logFiles.size(c.logPath))), sizes => {
    const full = logs.filter((_, i) => (sizes[i] ?? 0) >= ROTATION.size);
    if (full.length > 0) return rotateAll(full, parts);
  });
}
async function rotateAll(full: readonly ContainerState[], parts: RotationParts): Promise<void> {
  for (const c of full) await rotate(c, parts);
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
