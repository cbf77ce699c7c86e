import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

export interface Figure {
  /** A second. */
  readonly rate: number;
  /** Seconds, of all threads. */
  readonly cpuPerThousand: number;
}
interface Load {
  readonly callers: readonly number[];
  readonly phases: readonly string[];
  /** Of each phase with each number of callers. */
  readonly seconds: number;
}

/**
 * An etcd on the same machine, over gRPC: what its own clients get. `program` is what RIVALS_RUN names (store.ts says what it does);
 * what it writes lies in `directory` meanwhile.
 */
export function loadEtcd(
  program: string,
  directory: string,
  load: Load,
): (Figure & { readonly phase: string; readonly callers: number })[] {
  const run = (...args: string[]) => spawnSync(program, args, { encoding: "utf8" });
  const out = `${directory}/rival.jsonl`;
  try {
    const [, endpoint, pid] = /endpoint (\S+) pids s=(\d+)/.exec(run("start", "etcd").stdout) ?? [];
    const { callers, phases, seconds } = load;
    const how = ["-c", callers.join(), "-phases", phases.join(), "-dur", `${seconds}s`];
    run("etcdload", "-endpoint", endpoint!, "-pids", `s=${pid}`, ...how, "-out", out);
  } finally {
    run("stop");
  }
  const lines = readFileSync(out, "utf8").trim().split("\n");
  rmSync(out);
  return lines.map(line => {
    const { phase, c, rate, server_cpu_s_per_1000: cpu } = JSON.parse(line) as Record<string, string | number>;
    return { phase: String(phase), callers: Number(c), rate: Number(rate), cpuPerThousand: Number(cpu) };
  });
}
