/**
 * cox's own containerd: its own root, state, socket and configuration below the data directory, beside whatever the machine
 * runs. It is started detached and outlives cox, so that pods go on while the control plane is down; a running one is adopted.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#base/log.ts";
import { rpcCode as code } from "#base/rpc.ts";
import { run } from "./command.ts";
import { type ContainerdPaths, containerdConfig, containerdPaths } from "./containerdconfig.ts";
import { containerd } from "./containerdproto.ts";
import { cri } from "./criproto.ts";
import { type GrpcClient, GrpcError, grpcClient } from "./grpc.ts";
import { freeHybridControllers, removeCgroup, returnHybridControllers } from "./hierarchies.ts";
import { unmountBelow } from "./mounttable.ts";
import { findProgram } from "./packages.ts";
import { importPauseImage, PAUSE_IMAGE } from "./pauseimage.ts";
import { isThere } from "./privatefiles.ts";
import { endProcess, isAlive, processArgs, processes } from "./processes.ts";

export interface ContainerdOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** runc also where crun is there. */
  readonly preferRunc?: boolean;
}
export interface Containerd {
  readonly paths: ContainerdPaths;
  readonly client: GrpcClient;
  readonly version: string;
  readonly pid: number;
  /** True: it was running already. */
  readonly adopted: boolean;
}
/** How long containerd may take to answer after its start. */
const START_TIMEOUT = 30_000;

/** Starts containerd, or adopts the one that runs on this data directory; resolves when CRI answers and the pause image is there. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const paths = containerdPaths(options.dataDir);
  const running = await runningPid(paths);
  const client = grpcClient(paths.socket);
  try {
    let pid = running;
    if (pid === undefined) {
      await prepare(paths, options);
      pid = await launch(paths);
    }
    const version = await ready(paths, client, pid).catch(async error => {
      // One that never became ready is of no use to anybody.
      if (running === undefined) await endProcess(pid, 2000);
      throw error;
    });
    await importPauseImage(client);
    options.log.info(running === undefined ? "containerd started" : "containerd adopted", { pid, version });
    return { paths, client, version, pid, adopted: running !== undefined };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** The id of the containerd that runs on these paths, if one does. */
export async function runningPid(paths: ContainerdPaths): Promise<number | undefined> {
  const pid = Number(await readFile(paths.pid, "utf8").catch(() => ""));
  if (!(pid > 0) || !(await isAlive(pid))) return undefined;
  return (await processArgs(pid)).includes(paths.config) ? pid : undefined;
}

async function prepare(paths: ContainerdPaths, options: ContainerdOptions): Promise<void> {
  const program = await findProgram("containerd");
  const runc = await findProgram("runc");
  if (program === undefined || runc === undefined) {
    throw new Error(`No ${program === undefined ? "containerd" : "runc"} on this machine.`);
  }
  const crun = options.preferRunc ? undefined : await findProgram("crun");
  for (const directory of [paths.directory, paths.root, paths.state, paths.cniConf, paths.certs]) {
    await mkdir(directory, { recursive: true, mode: 0o711 });
  }
  await forgetLastBoot(paths);
  if (crun !== undefined) await freeHybridControllers(hybridUser(paths));
  const said = await run(program, ["--version"]);
  const version = /\bv?(\d+\.\d+\.\d+)/.exec(said.stdout)?.[1] ?? "1.6.0";
  const cniBin = (await isThere("/usr/lib/cni/ptp")) ? "/usr/lib/cni" : "/opt/cni/bin";
  const text = containerdConfig(paths, {
    version,
    runc,
    crun,
    cniBin,
    pauseImage: PAUSE_IMAGE,
    mayLowerOomScore: await mayLowerOomScore(),
  });
  await writeFile(paths.config, text, { mode: 0o600 });
  await rm(paths.socket, { force: true });
  await rm(`${paths.socket}.ttrpc`, { force: true });
}
const hybridUser = (paths: ContainerdPaths) => createHash("sha256").update(paths.directory).digest("hex").slice(0, 16);

/** State describes running processes and mounts: after a reboot none of them is left (where /run holds it, it is empty then). */
async function forgetLastBoot(paths: ContainerdPaths): Promise<void> {
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const file = `${paths.directory}/boot`;
  const last = await readFile(file, "utf8").catch(() => boot);
  if (last !== boot) {
    await rm(paths.state, { recursive: true, force: true });
    await mkdir(paths.state, { recursive: true, mode: 0o711 });
  }
  await writeFile(file, boot);
}
async function mayLowerOomScore(): Promise<boolean> {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
  const CAP_SYS_RESOURCE = 24n;
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

async function launch(paths: ContainerdPaths): Promise<number> {
  const program = (await findProgram("containerd"))!;
  const size = await stat(paths.log).then(
    s => s.size,
    () => 0,
  );
  const log = await open(paths.log, size > 8 * 1024 * 1024 ? "w" : "a", 0o600);
  try {
    const child = spawn(program, ["--config", paths.config], {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      cwd: "/",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR: process.env.TMPDIR ?? "/tmp", ...proxies() },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    await writeFile(paths.pid, String(child.pid));
    return child.pid!;
  } finally {
    await log.close();
  }
}
/** Image pulls go through the proxy that the user has set. */
function proxies(): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"]) {
    const value = process.env[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
}

async function ready(paths: ContainerdPaths, client: GrpcClient, pid: number): Promise<string> {
  const until = performance.now() + START_TIMEOUT;
  let last = "";
  while (performance.now() < until) {
    try {
      await client.call(cri.version, {}, { timeout: 2000 });
      return (await client.call(containerd.version, {}, { timeout: 2000 })).version;
    } catch (error) {
      last = (error as Error).message;
      // It answers only when everything is loaded: what is missing then does not come any more.
      if (error instanceof GrpcError && error.code === code.unimplemented) {
        throw new Error(`containerd runs without its CRI part: ${await lastWords(paths)}`);
      }
    }
    if (!(await isAlive(pid))) throw new Error(`containerd ended at its start: ${await lastWords(paths)}`);
    await sleep(10);
  }
  throw new Error(`containerd does not answer within ${START_TIMEOUT / 1000} s: ${last}`);
}
/** The complaint of the last start that names the cause: its database's, on which everything else rests, or else the last one. */
async function lastWords(paths: ContainerdPaths): Promise<string> {
  const all = (await readFile(paths.log, "utf8").catch(() => "")).trim().split("\n");
  const lines = all.slice(
    Math.max(
      0,
      all.findLastIndex(l => l.includes('msg="starting containerd"')),
    ),
  );
  const complaints = lines.filter(l => /level=(warning|error|fatal) .*error=|^containerd: /.test(l) && !l.includes("cni"));
  const line = complaints.find(l => l.includes("metadata.v1.bolt")) ?? complaints.at(-1) ?? lines.at(-1) ?? "";
  return /error="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}

/** What a containerd that ended by its own fault said at last; one that was killed says nothing. */
async function fatalWords(paths: ContainerdPaths): Promise<string | undefined> {
  const lines = (await readFile(paths.log, "utf8").catch(() => "")).trim().split("\n").slice(-200);
  return lines.findLast(line => /level=(fatal|panic)|^(panic|fatal error): /.test(line));
}

export interface Supervision {
  /** Ends the watching; containerd goes on. */
  stop(): void;
}
/**
 * Watches containerd while cox runs and starts it again when it has died. `away` and `back` tell each change once.
 * Running containers are not touched: their shims outlive containerd.
 */
export function superviseContainerd(
  options: ContainerdOptions,
  started: Containerd,
  report: { away(reason: string): void; back(pid: number): void },
): Supervision {
  let stopped = false;
  let current = started.pid;
  const watch = async () => {
    let pause = 500;
    while (!stopped) {
      await sleep(pause, undefined, { ref: false });
      if (stopped || (await isAlive(current))) {
        pause = 500;
        continue;
      }
      const why = await fatalWords(started.paths);
      report.away(`containerd (process ${current}) has died${why === undefined ? "" : `: ${why}`}`);
      pause = 200;
      while (!stopped) {
        try {
          const again = await startContainerd(options);
          again.client.close();
          current = again.pid;
          report.back(current);
          break;
        } catch (error) {
          options.log.error("containerd does not start", { error: (error as Error).message });
          await sleep(pause, undefined, { ref: false });
          pause = Math.min(pause * 2, 30_000);
        }
      }
      pause = 500;
    }
  };
  watch().catch(error => options.log.error("containerd is no longer watched", { error: (error as Error).message }));
  return {
    stop() {
      stopped = true;
    },
  };
}

/**
 * For `cox reset`: ends every pod of this data directory, containerd itself and what a crash may have left over
 * (shims, containers, mounts, network namespaces, cgroups), and removes its directories. Also works when containerd is dead.
 */
export async function destroyContainerd(dataDir: string, log: Log): Promise<void> {
  const paths = containerdPaths(dataDir);
  if (!(await isThere(paths.directory))) return;
  try {
    // Through CRI first, as that also takes down the pods' networks.
    const running = await startContainerd({ dataDir, log });
    try {
      await removePods(running.client);
    } finally {
      running.client.close();
    }
  } catch (error) {
    log.warn("pods could not be removed through containerd", { error: (error as Error).message });
  }
  const pid = await runningPid(paths);
  if (pid !== undefined) await endProcess(pid, 5000);
  await removeLeftovers(paths);
  await unmountBelow(paths.directory);
  await returnHybridControllers(hybridUser(paths));
  await rm(paths.directory, { recursive: true, force: true, maxRetries: 5 });
}

async function removePods(client: GrpcClient): Promise<void> {
  const { items } = await client.call(cri.listPodSandbox, {}, { timeout: 10_000 });
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const sandbox = { podSandboxId: next.id };
      await client.call(cri.stopPodSandbox, sandbox, { timeout: 60_000 }).catch(() => {});
      await client.call(cri.removePodSandbox, sandbox, { timeout: 60_000 }).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** What is left when containerd could not do it: its shims by their address argument, containers by their bundle's name. */
async function removeLeftovers(paths: ContainerdPaths): Promise<void> {
  const tasks = `${paths.state}/io.containerd.runtime.v2.task/k8s.io`;
  const ids = await readdir(tasks).catch(() => []);
  const all = await processes();
  const shims = all.filter(p => p.args[0]?.includes("containerd-shim") && p.args.includes(paths.socket));
  for (const shim of shims) await endProcess(shim.pid, 0);
  const names = new Map<string, string>();
  for (const process of all) {
    for (const line of process.cgroups) {
      const id = ids.find(i => line.endsWith(`/${i}`));
      if (id === undefined) continue;
      names.set(id, line.slice(line.indexOf(":", line.indexOf(":") + 1) + 1));
      await endProcess(process.pid, 0);
    }
  }
  for (const name of names.values()) await removeCgroup(name);
  for (const file of await networkResults(paths.state)) await rm(file, { force: true });
  for (const id of ids) {
    const address = await readFile(`${tasks}/${id}/address`, "utf8").catch(() => "");
    if (address.startsWith("unix:///run/containerd/s/")) await rm(address.slice("unix://".length), { force: true });
  }
}

/** containerd of this data directory and its shims, for `cox status`. */
export async function containerdUse(dataDir: string): Promise<{ name: string; pid: number }[]> {
  const paths = containerdPaths(dataDir);
  const all = await processes();
  return all.flatMap(({ pid, args }) => {
    if (args.includes(paths.config)) return [{ name: "containerd", pid }];
    return args[0]?.includes("containerd-shim") && args.includes(paths.socket) ? [{ name: "shim", pid }] : [];
  });
}
/** What libcni remembers, in a place of its own choosing, of networks in this directory's namespaces. */
export async function networkResults(directory: string): Promise<string[]> {
  const folder = "/var/lib/cni/results";
  const out: string[] = [];
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const text = await readFile(`${folder}/${name}`, "utf8").catch(() => "");
    if (text.includes(`"${directory}/`)) out.push(`${folder}/${name}`);
  }
  return out;
}
