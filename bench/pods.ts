/**
 * Pods whose image is present, beside the CRI calls that each needs at least, made to the same containerd, the two in turn:
 * one pod from the answer to its creation to the watch event that says Running, and 30 at once.
 *   node bench/pods.ts [single pods] [rounds of 30]
 */
import { uuid } from "#base/chance.ts";
import type { Client } from "#client/client.ts";
import { machineNames } from "#cluster/names.ts";
import { readSettled } from "#cluster/prepare.ts";
import { hostChance } from "#host/chance.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerSpec, SandboxSpec } from "#kubelet/runtime.ts";
import type { Draft } from "#schema/notation.ts";
import { busyboxImage } from "../test/support/images.ts";
import { containerSpec } from "../test/support/node.ts";
import { barePods } from "./barecri.ts";
import { withCluster } from "./support/cluster.ts";
import { median, spread, sumOf, table, useOf } from "./support/figures.ts";

const SINGLES = Number(process.argv[2] ?? 15);
const ROUNDS = Number(process.argv[3] ?? 3);
const AT_ONCE = 30;
const IMAGE = "bench.example/busybox:1";
const NAMESPACE = "default";
const COMMAND = ["sleep", "3600"];

const pod = (name: string): Draft<Pod> => ({
  metadata: { name, namespace: NAMESPACE },
  spec: { containers: [{ name: "main", image: IMAGE, imagePullPolicy: "IfNotPresent", command: COMMAND }] },
});

/** When each pod was first seen Running, and when it was gone, by one watch. */
class Seen {
  readonly #running = new Map<string, PromiseWithResolvers<number>>();
  readonly #gone = new Map<string, PromiseWithResolvers<number>>();
  readonly #ending = new AbortController();

  async follow(client: Client): Promise<void> {
    const { metadata } = await client.list(Pod, { namespace: NAMESPACE });
    const options = { namespace: NAMESPACE, resourceVersion: metadata.resourceVersion, signal: this.#ending.signal };
    try {
      for await (const event of client.watch(Pod, options)) {
        if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
        const name = event.object.metadata.name ?? "";
        if (event.type === "DELETED") of(this.#gone, name).resolve(performance.now());
        else if (event.object.status.phase === "Running") of(this.#running, name).resolve(performance.now());
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }
  running = (name: string) => of(this.#running, name).promise;
  gone = (name: string) => of(this.#gone, name).promise;
  end(): void {
    this.#ending.abort();
  }
}
function of(map: Map<string, PromiseWithResolvers<number>>, name: string): PromiseWithResolvers<number> {
  const found = map.get(name) ?? Promise.withResolvers<number>();
  map.set(name, found);
  return found;
}

await withCluster("pods", async cluster => {
  await cluster.up();
  await cluster.load(busyboxImage(), IMAGE);
  const { client } = await cluster.admin();
  const runtime = cluster.runtime();
  const settled = await readSettled(cluster.layout);
  const { cgroupRoot } = machineNames(settled?.id ?? "");
  const { processes } = JSON.parse(await cluster.cox("status", "-o", "json")) as { processes: { name: string; pid: number }[] };
  const own = () => sumOf(processes.filter(p => p.name.startsWith("cox")).map(p => useOf(p.pid)));

  const bare = (name: string): { sandbox: SandboxSpec; container: ContainerSpec } => {
    const uid = uuid(hostChance);
    const security = { supplementalGroups: [], privileged: false, readonlyRootfs: false };
    const sandbox: SandboxSpec = {
      uid,
      name,
      namespace: "bare",
      attempt: 0,
      hostname: name,
      logDirectory: `${cluster.layout.dataDir}/bare/${uid}`,
      labels: {},
      annotations: {},
      dns: { servers: [], searches: [], options: [] },
      portMappings: [],
      cgroupParent: `${cgroupRoot}/bare/${uid}`,
      sysctls: {},
      security: { ...security, namespaces: { network: "pod", pid: "container", ipc: "pod" } },
      runtimeHandler: "",
    };
    return { sandbox, container: containerSpec("main", IMAGE, { command: COMMAND }) };
  };
  const seen = new Seen();
  const following = seen.follow(client);
  // Awaited at the end; it breaks off when anything else fails before.
  following.catch(() => undefined);

  const bareSingles: number[] = [];
  const singles: number[] = [];
  const before = own().cpuSeconds;
  // The first of each warms both up and does not count.
  for (let i = -1; i < SINGLES; i++) {
    const { pods } = await barePods(runtime, [bare(`bare-${i + 1}`)]);
    const name = `one-${i + 1}`;
    await client.create(Pod, pod(name));
    const created = performance.now();
    const took = (await seen.running(name)) - created;
    await client.delete(Pod, name, { namespace: NAMESPACE, gracePeriodSeconds: 0 });
    await seen.gone(name);
    // What removal leaves to be done should not count as another pod's start.
    await new Promise(resolve => setTimeout(resolve, 300));
    if (i < 0) continue;
    bareSingles.push(pods[0]!.total);
    singles.push(took);
  }
  const cpuOfOne = ((own().cpuSeconds - before) * 1000) / (SINGLES + 1);

  const bareRounds: number[] = [];
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const numbers = Array.from({ length: AT_ONCE }, (_, i) => `${round}-${i}`);
    bareRounds.push(
      (
        await barePods(
          runtime,
          numbers.map(n => bare(`bare-many-${n}`)),
        )
      ).wall,
    );
    const names = numbers.map(n => `many-${n}`);
    const began = performance.now();
    await Promise.all(names.map(name => client.create(Pod, pod(name))));
    rounds.push(Math.max(...(await Promise.all(names.map(seen.running)))) - began);
    await Promise.all(names.map(name => client.delete(Pod, name, { namespace: NAMESPACE, gracePeriodSeconds: 0 })));
    await Promise.all(names.map(seen.gone));
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
  seen.end();
  await following;

  const over = (median(singles) - median(bareSingles)).toFixed(0);
  console.log("milliseconds, median (least-most), the two in turn in one containerd");
  console.log(
    table([
      ["", "bare CRI calls", "cox", "cox over bare", "goal"],
      [`one pod, ${SINGLES} times`, spread(bareSingles), spread(singles), `+${over} ms`, "+100 ms"],
      [
        `${AT_ONCE} at once, ${ROUNDS} times`,
        spread(bareRounds),
        spread(rounds),
        `${(median(rounds) / median(bareRounds)).toFixed(2)} times`,
        "1.3 times",
      ],
    ]),
  );
  const { resident } = own();
  console.log(
    `cox's own CPU for one pod, start and removal: ${cpuOfOne.toFixed(0)} ms; resident at the end: ${(resident / 2 ** 20).toFixed(0)} MiB`,
  );
});
