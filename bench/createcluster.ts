/**
 * `node bench/createcluster.ts [times]`: from the call of createCluster to the first pod that says Running, in this process; cold is the
 * first, modules included. Beside Webernetes, on the same story, when `WEBERNETES` names a directory with `@ngrok/webernetes` installed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { DraftAt } from "coxswain";
import { build } from "esbuild";

const times = Number(process.argv[2] ?? 20);
const pod: DraftAt<{ apiVersion: "v1"; kind: "Pod" }> = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "first", namespace: "default" },
  spec: { containers: [{ name: "app", image: "nginx" }] },
};

async function ours(): Promise<number> {
  const began = performance.now();
  const { createCluster } = await import("coxswain");
  const cluster = await createCluster({ nodes: 1 });
  await cluster.client.create(pod);
  for (;;) {
    const { status } = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, "first", "default");
    if (status.phase === "Running") break;
    await cluster.clock.advance(10);
  }
  const took = performance.now() - began;
  await cluster.close();
  return took;
}
const show = (name: string, all: readonly number[]) => {
  const [cold = 0, ...warm] = all;
  const sorted = warm.sort((a, b) => a - b);
  const [least, middle, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].map(ms => (ms ?? 0).toFixed(0));
  console.log(`${name.padEnd(12)} cold ${cold.toFixed(0).padStart(5)} ms   warm ${middle} (${least}-${most}) ms`);
};

const all: number[] = [];
for (let i = 0; i <= times; i++) all.push(await ours());
show("coxswain", all);
const { WEBERNETES } = process.env;
if (WEBERNETES) {
  const home = path.join(path.resolve(WEBERNETES), "node_modules/@ngrok/webernetes");
  const { exports } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as { exports: { ".": { import: string } } };
  // its modules are made for bundlers
  const folder = mkdtempSync(path.join(tmpdir(), "coxswain-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const found = path.join(folder, "webernetes.mjs");
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  const entryPoints = [path.join(home, exports["."].import)];
  await build({ entryPoints, bundle: true, platform: "node", format: "esm", outfile: found, banner, logLevel: "error" });
  const theirs: number[] = [];
  for (let i = 0; i <= Math.min(times, 5); i++) theirs.push(await rival(pathToFileURL(found).href));
  show("webernetes", theirs);
  // it keeps the process busy
  process.exit(0);
}

interface Rival {
  readonly Cluster: new (options: { nodes: number }) => RivalCluster;
  readonly BaseImage: new () => object;
}
interface RivalCluster {
  init(): Promise<void>;
  pause(): void;
  registerImage(image: unknown): void;
  apply(objects: readonly unknown[]): Promise<unknown>;
  readonly api: {
    readonly corev1: { readNamespacedPod(which: { name: string; namespace: string }): Promise<{ status?: { phase?: string } }> };
  };
}
/** The same story; its time is real, so its own waits count. */
async function rival(module: string): Promise<number> {
  const began = performance.now();
  const { Cluster, BaseImage } = (await import(module)) as Rival;
  class Nginx extends BaseImage {
    static readonly imageName = "nginx";
    static readonly imageVersion = "latest";
    readonly defaultCommand = ["serve"];
    exec(context: { waitUntilKilled(): Promise<number> }): Promise<number> {
      return context.waitUntilKilled();
    }
  }
  const cluster = new Cluster({ nodes: 1 });
  cluster.registerImage(Nginx);
  await cluster.init();
  await cluster.apply([pod]);
  for (;;) {
    const { status } = await cluster.api.corev1.readNamespacedPod({ name: "first", namespace: "default" });
    if (status?.phase === "Running") break;
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  const took = performance.now() - began;
  cluster.pause();
  return took;
}
