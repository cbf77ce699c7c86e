/** Who runs on a data directory, as a file says and as the process table confirms. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAtomically } from "#host/privatefiles.ts";
import { startOf } from "#host/processes.ts";

export interface RunFile {
  readonly pid: number;
  /** The kernel's start time of that process, so that a number used again is not taken for it. */
  readonly started: string;
  readonly address: string;
  readonly version: string;
  readonly nodeName: string;
}

export async function writeRunFile(file: string, said: Omit<RunFile, "pid" | "started">): Promise<void> {
  await writeAtomically(file, `${JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? "", ...said })}\n`);
}

/** Undefined when nothing runs there. */
export function readRunFile(file: string): RunFile | undefined {
  try {
    const run = JSON.parse(readFileSync(file, "utf8")) as RunFile;
    return startOf(run.pid) === run.started ? run : undefined;
  } catch {
    return undefined;
  }
}

/** The port of the address that the file names, whether its process still runs or not; 0: none. */
export function lastPort(file: string): number {
  try {
    const { address } = JSON.parse(readFileSync(file, "utf8")) as RunFile;
    return Number(address.slice(address.lastIndexOf(":") + 1)) || 0;
  } catch {
    return 0;
  }
}

/** Asks it to end, and resolves when it has; after `patienceMs` it is killed. */
export async function endRun(run: RunFile, patienceMs: number): Promise<void> {
  const alive = () => startOf(run.pid) === run.started;
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(run.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPERM")
        throw new Error(`process ${run.pid} belongs to another user: end it as that one`);
      // It ended by itself in between.
    }
  };
  send("SIGTERM");
  for (let waited = 0; alive() && waited < patienceMs; waited += 20) await sleep(20);
  if (alive()) send("SIGKILL");
  while (alive()) await sleep(20);
}

/** What a process uses: resident bytes, and seconds of CPU so far. */
export function usageOf(pid: number): { residentBytes: number; cpuSeconds: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return { residentBytes: pages * 4096, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return undefined;
  }
}
