/** `cox etcd` as a process of its own, on a directory and a port of its own; and the etcdctls of this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { type CommandResult, run } from "#host/command.ts";
import { etcdTools } from "./etcdtools.ts";

const COX = path.join(import.meta.dirname, "..", "..", "cox");

export interface CoxEtcd {
  readonly endpoint: string;
  readonly pid: number;
  /** A folder for what the test makes. */
  readonly folder: string;
  /** What it said until it was ready. */
  readonly said: string;
}

/** Ends with the test. `flags` beside the directory and the address; `env` beside the test's own. */
export async function coxEtcd(
  t: TestContext,
  flags: readonly string[] = [],
  scheme = "http",
  env: Readonly<Record<string, string>> = {},
): Promise<CoxEtcd> {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdapi-"));
  const args = ["etcd", "--data-dir", `${folder}/data`, "--listen-client-urls", `${scheme}://127.0.0.1:0`, ...flags];
  const child = spawn(COX, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
  const ended = once(child, "close");
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  let said = "";
  for await (const line of createInterface({ input: child.stderr })) {
    said += `${line}\n`;
    const address = /ready to serve client requests at (\S+?)(,|$)/.exec(line)?.[1];
    if (!address) continue;
    child.stderr.on("data", () => {});
    child.stderr.resume();
    return { endpoint: `${scheme}://${address}`, pid: child.pid!, folder, said };
  }
  throw new Error(`cox etcd did not start: ${said}`);
}

export type Ctl = (...args: string[]) => Promise<CommandResult>;
export interface Etcdctl {
  readonly name: string;
  readonly program: string;
  /** The program that reads snapshots. */
  readonly restore: string;
  /** 3.4 words a few things differently. */
  readonly isOld: boolean;
}
/** Debian's, and the newer one of the folder that COX_ETCD_BIN names. */
export const etcdctls: readonly Etcdctl[] = etcdTools().map(({ name, etcdctl, restore }) => ({
  name,
  program: etcdctl,
  restore,
  isOld: restore === etcdctl,
}));
/** Runs an etcdctl against an address; its warnings are left out of what it says. */
export function ctlOf({ program }: Etcdctl, endpoint: string, flags: readonly string[] = [], input?: string): Ctl {
  return async (...args) => {
    const env = { ...process.env, ETCDCTL_API: "3" };
    const result = await run(program, ["--endpoints", endpoint, ...flags, ...args], { env, timeout: 200_000, ...(input && { input }) });
    return { ...result, stderr: result.stderr.replace(/^\{"level".*\n/gm, "") };
  };
}
