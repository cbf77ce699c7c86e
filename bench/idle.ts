/**
 * What a cluster uses while nothing happens: one node, 10 pods, half of them with readiness probes at their default period.
 *   node bench/idle.ts [seconds] [seconds to settle before]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Draft } from "#schema/notation.ts";
import { webImage } from "../test/support/images.ts";
import { withCluster } from "./support/cluster.ts";
import { mebibytes, sumOf, table, useOf } from "./support/figures.ts";

const SECONDS = Number(process.argv[2] ?? 60);
const SETTLE = Number(process.argv[3] ?? 15);
const PODS = 10;
const IMAGE = "bench.example/web:1";

const pod = (i: number): Draft<Pod> => ({
  metadata: { name: `idle-${i}`, namespace: "default" },
  spec: {
    containers: [
      {
        name: "main",
        image: IMAGE,
        imagePullPolicy: "IfNotPresent",
        ...(i % 2 === 0 && { readinessProbe: { httpGet: { path: "/", port: 8080 } } }),
      },
    ],
  },
});

await withCluster("idle", async cluster => {
  await cluster.up();
  await cluster.load(webImage(), IMAGE);
  const { client, close } = await cluster.admin();
  for (let i = 0; i < PODS; i++) await client.create(Pod, pod(i));
  const isReady = (p: Pod) => p.status.conditions?.some(c => c.type === "Ready" && c.status === "True");
  for (let ready = 0; ready < PODS; await sleep(200)) {
    ready = (await client.list(Pod, { namespace: "default" })).items.filter(isReady).length;
  }
  close();
  await sleep(SETTLE * 1000);

  const { processes } = JSON.parse(await cluster.cox("status", "-o", "json")) as { processes: { name: string; pid: number }[] };
  const groups = new Map<string, number[]>();
  for (const { name, pid } of processes) groups.set(name, [...(groups.get(name) ?? []), pid]);
  const look = (pids: readonly number[]) => sumOf(pids.map(useOf));
  const own = processes.filter(p => p.name.startsWith("cox")).map(p => p.pid);
  const all = [...groups, ["cox, all", own] as const];
  const before = all.map(([, pids]) => look(pids).cpuSeconds);
  const began = performance.now();
  const residents = all.map((): number[] => []);
  const shares = all.map((): number[] => []);
  while (performance.now() - began < SECONDS * 1000) {
    await sleep(1000);
    for (const [i, [, pids]] of all.entries()) {
      const { resident, proportional } = look(pids);
      residents[i]!.push(resident);
      shares[i]!.push(proportional);
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const rows = all.map(([name, pids], i) => {
    const cpu = ((look(pids).cpuSeconds - before[i]!) / seconds) * 100;
    return [
      name,
      pids.length,
      mebibytes(mean(residents[i]!)),
      mebibytes(mean(shares[i]!)),
      mebibytes(Math.max(...residents[i]!)),
      cpu.toFixed(2),
    ];
  });
  console.log(`${SECONDS} s idle, one node, ${PODS} pods; MiB are means of a look a second`);
  console.log(
    table([
      ["", "processes", "resident", "proportional", "most resident", "% of a core"],
      ...rows,
      ["goal for cox", "", "150", "", "", "1"],
    ]),
  );
});
