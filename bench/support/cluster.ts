/** A whole cluster for a measurement: a data directory, port and address ranges of its own, driven by `cox` as a person would, and gone at the end. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type AdminClient, adminClient } from "#cluster/admin.ts";
import { type Layout, layoutOf } from "#cluster/layout.ts";
import { containerdPaths } from "#host/containerdconfig.ts";
import { type GrpcClient, grpcClient } from "#host/grpc.ts";
import { loadImage } from "#host/images.ts";
import { ociArchive, type TestImage } from "../../test/support/images.ts";
import { whyNoContainers } from "../../test/support/node.ts";

export const COX = path.resolve(import.meta.dirname, "../../cox");
const run = promisify(execFile);

export interface BenchCluster {
  readonly layout: Layout;
  readonly nodeName: string;
  /** What `cox up` is told, without `-d`. */
  readonly flags: readonly string[];
  /** `cox COMMAND --data-dir …`; resolves with what it prints. */
  cox(...args: string[]): Promise<string>;
  up(): Promise<void>;
  down(): Promise<void>;
  /** The administrator, over HTTPS. */
  admin(): Promise<AdminClient>;
  /** The runtime that its kubelet uses. */
  runtime(): GrpcClient;
  load(image: TestImage, name: string): Promise<void>;
}

/**
 * Runs `body` with a cluster that has not started yet; whatever comes of it, nothing of the cluster stays. `more` flags come last;
 * with `--simulated` among them no containers are needed.
 */
export async function withCluster(
  name: string,
  body: (cluster: BenchCluster) => Promise<void>,
  more: readonly string[] = [],
): Promise<void> {
  const why = more.includes("--simulated") ? undefined : await whyNoContainers();
  if (why !== undefined) {
    console.log(`not measured: ${why}`);
    return;
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), `cox-b-${name}-`));
  const layout = layoutOf(dataDir);
  // Addresses set aside for benchmarks (RFC 2544), so that they meet no other cluster's.
  const third = 16 * Math.floor(Math.random() * 16);
  const ranges = ["--service-cidr", `198.18.${third}.0/20`, "--cluster-cidr", `198.19.${third}.0/20`];
  const flags = ["--data-dir", dataDir, "--port", String(await freePort()), "--node-name", `bench-${name}`, ...ranges, ...more];
  const closers: (() => void)[] = [];
  const cox = async (...args: string[]) => (await run(COX, [...args, "--data-dir", dataDir])).stdout;
  const remove = async () => {
    for (const close of closers.splice(0)) close();
    await cox("reset", "--yes");
    await rm(dataDir, { recursive: true, force: true });
  };
  const interrupted = () => void remove().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    await body({
      layout,
      nodeName: `bench-${name}`,
      flags,
      cox,
      async up() {
        await run(COX, ["up", "-d", ...flags]);
      },
      async down() {
        await cox("down");
      },
      async admin() {
        const admin = await adminClient(layout);
        closers.push(admin.close);
        return admin;
      },
      runtime() {
        const client = grpcClient(containerdPaths(dataDir).socket);
        closers.push(() => client.close());
        return client;
      },
      async load(image, as) {
        const file = `${dataDir}/image.tar`;
        await writeFile(file, ociArchive(image, as));
        const client = grpcClient(containerdPaths(dataDir).socket);
        await loadImage(client, file).finally(() => client.close());
        await rm(file);
      },
    });
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await remove();
  }
}

/** Node as `cox` runs it: the same binary, the same store of compiled code. */
export function nodeAsCox(args: readonly string[]): ReturnType<typeof spawn> {
  const home = path.dirname(COX);
  const own = `${home}/node_modules/node/bin/node`;
  return spawn(existsSync(own) ? own : process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: "ignore",
    cwd: home,
    env: { ...process.env, NODE_COMPILE_CACHE: `${home}/node_modules/.cache/node` },
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
