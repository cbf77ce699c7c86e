/** Real etcd servers and their tools: Debian's (3.4), and newer ones from the folder that COX_ETCD_BIN names. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface EtcdTools {
  readonly name: string;
  readonly etcd: string;
  readonly etcdctl: string;
  /** The program that restores: etcdctl itself up to 3.5, etcdutl after it. */
  readonly restore: string;
}
const run = promisify(execFile);

/** What is found on this machine. */
export function etcdTools(): readonly EtcdTools[] {
  const found: EtcdTools[] = [];
  if (existsSync("/usr/bin/etcd") && existsSync("/usr/bin/etcdctl"))
    found.push({ name: "Debian's etcd", etcd: "/usr/bin/etcd", etcdctl: "/usr/bin/etcdctl", restore: "/usr/bin/etcdctl" });
  const folder = process.env.COX_ETCD_BIN;
  if (folder && existsSync(`${folder}/etcdutl`))
    found.push({ name: "a newer etcd", etcd: `${folder}/etcd`, etcdctl: `${folder}/etcdctl`, restore: `${folder}/etcdutl` });
  return found;
}

export interface EtcdServer {
  readonly endpoint: string;
  readonly pid: number;
  readonly data: string;
  /** Runs etcdctl against it; its output. */
  ctl(...args: string[]): Promise<string>;
  /** The answer of `-w json`. */
  json<T>(...args: string[]): Promise<T>;
  stop(): Promise<void>;
}

/** A member alone, on a data directory of its own or the one given. */
export async function startEtcd(tools: EtcdTools, data: string): Promise<EtcdServer> {
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const args = ["--name", "m1", "--data-dir", data, "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint];
  args.push("--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `m1=${peerUrl}`);
  args.push("--unsafe-no-fsync");
  const supported = tools.restore.endsWith("etcdctl") ? args.slice(0, -1) : args;
  const child: ChildProcess = spawn(tools.etcd, supported, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr!.on("data", chunk => {
    said = (said + chunk).slice(-4000);
  });
  const ended = new Promise<void>(resolve => child.once("close", () => resolve()));
  const env = { ...process.env, ETCDCTL_API: "3" };
  const ctl = async (...given: string[]) =>
    (await run(tools.etcdctl, ["--endpoints", endpoint, ...given], { env, maxBuffer: 256 * 1024 * 1024 })).stdout;
  const server: EtcdServer = {
    endpoint,
    pid: child.pid!,
    data,
    ctl,
    json: async (...given) => JSON.parse(await ctl("-w", "json", ...given)),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
  for (let tries = 0; ; tries++) {
    if (
      await ctl("--dial-timeout", "1s", "--command-timeout", "2s", "endpoint", "health").then(
        () => true,
        () => false,
      )
    )
      return server;
    if (child.exitCode !== null || tries > 60) {
      await server.stop();
      throw new Error(`etcd did not start: ${said}`);
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

/** Restores a snapshot into a fresh data directory, as a cluster of one. */
export async function restoreEtcd(tools: EtcdTools, snapshot: string, data: string): Promise<void> {
  const args = ["snapshot", "restore", snapshot, "--name", "m1", "--data-dir", data];
  args.push("--initial-cluster", "m1=http://127.0.0.1:1", "--initial-advertise-peer-urls", "http://127.0.0.1:1");
  await run(tools.restore, args, { env: { ...process.env, ETCDCTL_API: "3" } });
}
export async function snapshotStatus(tools: EtcdTools, snapshot: string): Promise<{ revision: number; totalKey: number }> {
  const args = ["snapshot", "status", snapshot, "-w", "json"];
  return JSON.parse((await run(tools.restore, args, { env: { ...process.env, ETCDCTL_API: "3" } })).stdout);
}

export function scratchFolder(): { path(name: string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "cox-etcd-"));
  return { path: name => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
