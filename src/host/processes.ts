/** What /proc says of processes, and ending them by id. */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessFacts {
  readonly pid: number;
  readonly args: readonly string[];
  /** Lines of /proc/PID/cgroup. */
  readonly cgroups: readonly string[];
}
/**
 * When a process was started, in the kernel's ticks since boot (proc(5), stat field 22; the second field, a name in parentheses, may
 * hold anything). Undefined when there is none, when it has died and nobody has collected it yet, or when the system does not say.
 */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
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
