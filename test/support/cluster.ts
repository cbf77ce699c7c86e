/** A real cluster for tests: `./cox up -d` in a directory of its own, with ranges and ports of its own, and what makes sure that it goes again. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CommandOptions, type CommandResult, run } from "#host/command.ts";
import { type TestImage, webImage } from "./images.ts";
import { interfacesOf, leftovers } from "./leftovers.ts";
import { type TestRegistry, testRegistry } from "./registry.ts";

export const home = path.join(import.meta.dirname, "../..");
const COX = path.join(home, "cox");
const UP_TIMEOUT_MS = 120_000;

export interface TestCluster {
  readonly dataDir: string;
  readonly port: number;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
  readonly nodeName: string;
  readonly kubeconfig: string;
  /** An address of this machine that is not loopback. */
  readonly nodeAddress: string;
  /** On loopback; holds `web:1` and `web:2`, made of busybox. */
  readonly registry: TestRegistry;
  /** `./cox ARGS… --data-dir …` */
  cox(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** `./cox up -d` with this cluster's flags; rejects with what it said when it fails. */
  up(): Promise<CommandResult>;
  /** The cluster's own short name, by which it is known outside its directory; undefined before its first start. */
  id(): Promise<string | undefined>;
  /** What `cox status -o json` says. */
  status(): Promise<{ pid: number | null; ready: boolean; address: string; version: string; nodes: { name: string; ready: boolean }[] }>;
  /** Resets the cluster and rejects when anything of it is left on the machine. */
  remove(): Promise<void>;
}
export interface TestClusterOptions {
  /** Default: a fresh temporary directory. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  /** False: everything is made but `cox up` not yet called. */
  readonly start?: boolean;
}

/** Data directories whose clusters must be reset should this process be ended before its tests are. */
const standing = new Set<string>();
function resetStanding(): void {
  for (const dataDir of standing) spawnSync(COX, ["reset", "--yes", "--data-dir", dataDir], { timeout: 60_000 });
  standing.clear();
}
process.on("exit", resetStanding);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    resetStanding();
    process.exit(1);
  });
}

export async function testCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), "cox-e2e-")));
  const [pods, services] = await ranges();
  const port = await freePort();
  const nodeName = `node-${path
    .basename(dataDir)
    .slice(-6)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "x")}`;
  const registry = await testRegistry();
  for (const tag of ["1", "2"]) registry.add("web", tag, webImage(`page ${tag}`));
  const withDir = (args: readonly string[]) => [...args, "--data-dir", dataDir];
  const cox = (args: readonly string[], o?: CommandOptions) => run(COX, withDir(args), { timeout: UP_TIMEOUT_MS, ...o });
  const flags = [
    "--port",
    String(port),
    "--service-cidr",
    services,
    "--cluster-cidr",
    pods,
    "--node-name",
    nodeName,
    ...(options.flags ?? []),
  ];
  standing.add(dataDir);
  const cluster: TestCluster = {
    dataDir,
    port,
    serviceCidr: services,
    clusterCidr: pods,
    nodeName,
    kubeconfig: `${dataDir}/kubeconfig`,
    nodeAddress: outerAddress(),
    registry,
    cox,
    async up() {
      const result = await cox(["up", "-d", ...flags]);
      if (result.code !== 0) {
        const log = (await readFile(`${dataDir}/cox.log`, "utf8").catch(() => "")).split("\n").slice(-20).join("\n");
        throw new Error(`cox up failed (${result.code}):\n${result.stdout}${result.stderr}\n${log}`);
      }
      return result;
    },
    async status() {
      return JSON.parse((await cox(["status", "-o", "json"])).stdout);
    },
    id: () => idOf(dataDir),
    async remove() {
      if (!standing.has(dataDir)) return;
      await registry.close();
      const id = await idOf(dataDir);
      const seen = await interfacesOf([pods]);
      const result = await cox(["reset", "--yes"]);
      // What reset refused to remove is left as it is: it tells what still runs.
      if (result.code !== 0) throw new Error(`cox reset failed in ${dataDir}: ${result.stderr}`);
      standing.delete(dataDir);
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      if (id === undefined) return;
      const traces = { dataDir, cgroup: `/cox-${id}`, table: `cox-${id}`, cidrs: [pods, services], interfaces: seen };
      // The kernel takes links of a network namespace away a moment after the namespace.
      let left = await leftovers(traces);
      for (let i = 0; i < 30 && left.length > 0; i++) {
        await sleep(100);
        left = await leftovers(traces);
      }
      if (left.length > 0) throw new Error(`cox reset left on the machine:\n${left.join("\n")}`);
    },
  };
  if (options.start !== false) {
    await cluster.up().catch(async error => {
      await cluster.remove().catch(() => {});
      throw error;
    });
  }
  return cluster;
}

/** Runs `body` with a cluster of its own, and takes that down whatever happens; what `body` threw comes before what that came to. */
export async function withCluster(options: TestClusterOptions, body: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = await testCluster(options);
  try {
    await body(cluster);
  } catch (error) {
    await cluster.remove().catch((left: Error) => console.error(left.message));
    throw error;
  }
  await cluster.remove();
}
async function idOf(dataDir: string): Promise<string | undefined> {
  const text = await readFile(`${dataDir}/cluster.json`, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { id: string }).id;
}
/** Ranges for pods and services in which this machine has nothing yet, also not in the rules of other clusters. */
async function ranges(): Promise<[string, string]> {
  const taken = (await run("ip", ["-o", "route"])).stdout + (await run("nft", ["list", "ruleset"])).stdout;
  for (;;) {
    const [a, b, c] = [130 + Math.floor(Math.random() * 50), 181 + Math.floor(Math.random() * 18), Math.floor(Math.random() * 256)];
    if (!taken.includes(`10.${a}.`) && !taken.includes(`10.${b}.${c}.`)) return [`10.${a}.0.0/16`, `10.${b}.${c}.0/24`];
  }
}
/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
/** A port of the services' range that no other cluster of this machine is likely to have taken. */
export function someNodePort(): number {
  return 30100 + Math.floor(Math.random() * 2600);
}
function outerAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const a of list ?? []) if (a.family === "IPv4" && !a.internal) return a.address;
  }
  return "127.0.0.1";
}

/** An example's file with its public image replaced by one of the cluster's registry, and its node port by another. */
export async function example(name: string, replace: { image: string; nodePort?: number }): Promise<string> {
  const text = await readFile(path.join(home, "examples", name), "utf8");
  const changed = text.replaceAll(/image: busybox:\S+/g, `image: ${replace.image}`);
  return replace.nodePort === undefined ? changed : changed.replaceAll(/nodePort: \d+/g, `nodePort: ${replace.nodePort}`);
}
/** The name of an image in the cluster's registry. */
export function imageIn(cluster: TestCluster, name: string, image?: TestImage): string {
  const [repository = "", tag = "latest"] = name.split(":");
  if (image !== undefined) cluster.registry.add(repository, tag, image);
  return `${cluster.registry.host}/${name}`;
}
