/** One process of createcluster.ts: `firstpod.ts coxswain|webernetes MODULE TIMES` prints, as JSON, how long the story took each time. */
import type { DraftAt } from "coxswain";

/** From the import of the module, which is read but once, to the first pod that says Running; milliseconds. */
export interface Took {
  readonly ms: number;
  /** Of it: until the module and all that it imports had been read. */
  readonly modules: number;
  /** Of all threads of the process. */
  readonly cpu: number;
}
const POD: DraftAt<{ apiVersion: "v1"; kind: "Pod" }> = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "first", namespace: "default" },
  spec: { containers: [{ name: "app", image: "nginx" }] },
};

/** Tells when the module has been read, and when the pod runs; resolves with what ends the cluster. */
type Story = (module: string, read: () => void, running: () => void) => Promise<() => unknown>;

const coxswain: Story = async (module, read, running) => {
  const { createCluster } = (await import(module)) as typeof import("coxswain");
  read();
  const cluster = await createCluster({ nodes: 1 });
  await cluster.client.create(POD);
  for (;;) {
    const { status } = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, "first", "default");
    if (status.phase === "Running") break;
    await cluster.clock.advance(10);
  }
  running();
  return () => cluster.close();
};

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
const webernetes: Story = async (module, read, running) => {
  const { Cluster, BaseImage } = (await import(module)) as Rival;
  read();
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
  await cluster.apply([POD]);
  for (;;) {
    const { status } = await cluster.api.corev1.readNamespacedPod({ name: "first", namespace: "default" });
    if (status?.phase === "Running") break;
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  running();
  return () => cluster.pause();
};

const [who, module = "", times] = process.argv.slice(2);
const story = who === "webernetes" ? webernetes : coxswain;
const all: Took[] = [];
while (all.length < Number(times)) {
  const [began, spent] = [performance.now(), process.cpuUsage()];
  let modules = 0;
  const end = await story(
    module,
    () => {
      modules = performance.now() - began;
    },
    () => {
      const { user, system } = process.cpuUsage(spent);
      all.push({ ms: performance.now() - began, modules, cpu: (user + system) / 1000 });
    },
  );
  await end();
}
console.log(JSON.stringify(all));
// the rival keeps the process busy
process.exit(0);
