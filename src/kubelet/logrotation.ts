/** Keeps log files small: at 10 MiB a container's log is set aside, and five files are kept (upstream's containerLogMaxSize and -Files). */
import type { Clock } from "#base/clock.ts";
import type { LogFiles } from "#kubelet/ports.ts";
import type { PodState, Runtime } from "#kubelet/runtime.ts";

export const ROTATION = { size: 10 * 1024 * 1024, files: 5 };

/** Looks at the logs of all running containers once. */
export async function rotateLogs(
  states: readonly (PodState | undefined)[],
  { logFiles, runtime, clock }: { readonly logFiles: LogFiles; readonly runtime: Runtime; readonly clock: Clock },
): Promise<void> {
  for (const state of states) {
    for (const c of state?.containers ?? []) {
      if (c.state !== "running" || !c.logPath) continue;
      const size = await logFiles.size(c.logPath);
      if (size === undefined || size < ROTATION.size) continue;
      const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
      const aside = `${c.logPath}.${stamp}`;
      await logFiles.rename(c.logPath, aside);
      await runtime.reopenLog(c.id);
      const slash = c.logPath.lastIndexOf("/");
      const [directory, name] = [c.logPath.slice(0, slash), c.logPath.slice(slash + 1)];
      const old = (await logFiles.list(directory)).filter(n => n.startsWith(`${name}.`) && !n.endsWith(".tmp")).sort();
      // the newest of those set aside stays plain, for who follows it
      for (const n of old.slice(0, -1)) if (!n.endsWith(".gz")) await logFiles.compress(`${directory}/${n}`);
      for (const n of old.slice(0, Math.max(0, old.length - (ROTATION.files - 1))))
        await logFiles.remove(`${directory}/${n.replace(/(\.gz)?$/, ".gz")}`);
    }
  }
}
