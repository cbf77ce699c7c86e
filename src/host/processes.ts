/** What /proc says of processes, and ending them by id. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessFacts {
  readonly pid: number;
  readonly args: readonly string[];
  /** Lines of /proc/PID/cgroup. */
  readonly cgroups: readonly string[];
}
/** A process that is there and no zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return false;
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
}
export async function processArgs(pid: number): Promise<readonly string[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return line.split("\0").slice(0, -1);
}
/** Every process of the machine that lives (kernel threads have no arguments). */
export async function processes(): Promise<ProcessFacts[]> {
  const names = (await readdir("/proc")).filter(name => /^\d+$/.test(name));
  const all = await Promise.all(
    names.map(async name => {
      const pid = Number(name);
      const cgroup = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
      return { pid, args: await processArgs(pid), cgroups: cgroup.split("\n"), alive: await isAlive(pid) };
    }),
  );
  return all.filter(p => p.alive);
}
/** Ends a process: SIGTERM, and SIGKILL when it is still there after `patience` milliseconds. Gone already is success. */
export async function endProcess(pid: number, patience: number): Promise<void> {
  const send = (signal: "SIGTERM" | "SIGKILL") => {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  send(patience > 0 ? "SIGTERM" : "SIGKILL");
  const until = performance.now() + patience;
  while (performance.now() < until) {
    if (!(await isAlive(pid))) return;
    await sleep(10);
  }
  send("SIGKILL");
  for (let i = 0; i < 300 && (await isAlive(pid)); i++) await sleep(10);
}
