/**
 * As kwok: many nodes and pods from nothing, played by the built-in stages under a real HTTPS API address, with the store on disk.
 *   node bench/kwok.ts [nodes] [pods] [replicas of each deployment]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readRunFile } from "#host/runfile.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Draft } from "#schema/notation.ts";
import { withCluster } from "./support/cluster.ts";
import { mebibytes, table, useOf } from "./support/figures.ts";

const NODES = Number(process.argv[2] ?? 1000);
const PODS = Number(process.argv[3] ?? 30_000);
const EACH = Number(process.argv[4] ?? 500);
/** Nodes or pods a second, as kwok's README says. */
const KWOK = 20;

const deployment = (i: number, replicas: number): Draft<Deployment> => ({
  metadata: { name: `web-${i}`, namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: `web-${i}` } },
    template: {
      metadata: { labels: { app: `web-${i}` } },
      spec: { containers: [{ name: "main", image: "bench.example/web:1", resources: { requests: { cpu: "50m", memory: "64Mi" } } }] },
    },
  },
});

const flags = ["--simulated", "--stages", "fast", "--nodes", String(NODES), "--cluster-cidr", "10.64.0.0/11"];
await withCluster(
  "kwok",
  async cluster => {
    const rows: string[][] = [["", "seconds", "a second", "CPU s", "MiB resident"]];
    let began = performance.now();
    await cluster.up();
    const pid = readRunFile(cluster.layout.run)?.pid ?? 0;
    let before = 0;
    const row = (says: string, count: number) => {
      const seconds = (performance.now() - began) / 1000;
      const use = useOf(pid);
      if (!use) throw new Error("the cluster has ended");
      const { cpuSeconds, resident } = use;
      rows.push([says, seconds.toFixed(1), (count / seconds).toFixed(0), (cpuSeconds - before).toFixed(1), mebibytes(resident)]);
      before = cpuSeconds;
      began = performance.now();
    };
    row(`${NODES} nodes Ready, from nothing`, NODES);
    const { client, close } = await cluster.admin();
    const count = Math.ceil(PODS / EACH);
    for (let i = 0; i < count; i++) await client.create(Deployment, deployment(i, Math.min(EACH, PODS - i * EACH)));
    const available = async (wanted: number) => {
      for (;;) {
        const { items } = await client.list(Deployment, { namespace: "default" });
        if (items.reduce((sum, d) => sum + (d.status.availableReplicas ?? 0), 0) === wanted) return;
        await sleep(500);
      }
    };
    await available(PODS);
    row(`${PODS} pods available`, PODS);
    for (let i = 0; i < count; i++) {
      const change = { spec: { replicas: 0 } };
      await client.patch(Deployment, `web-${i}`, "merge", change, { namespace: "default" });
    }
    while ((await client.list(Pod, { namespace: "default", limit: 1 })).items.length > 0) await sleep(500);
    row(`${PODS} pods deleted`, PODS);
    close();
    console.log(table(rows));
    console.log(`kwok publishes ${KWOK} pods a second`);
  },
  flags,
);
