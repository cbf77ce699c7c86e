/**
 * How fast pods get their nodes: decisions alone, and bound in the store through the API's front door by a scheduler in the same process
 * (store in memory, rights as in a cluster, no controllers or kubelets), as upstream's scheduler_perf measures it.
 *   node bench/scheduler.ts [CPU seconds a figure] [most nodes]
 */
import { seededChance } from "#base/chance.ts";
import { createRecorder } from "#client/events.ts";
import { Reasons } from "#client/reasons.ts";
import { createViews } from "#client/views.ts";
import { component } from "#cluster/controlplane.ts";
import { useBuffer } from "#host/bytes.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { decide } from "#scheduler/decide.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { podInfo } from "#scheduler/podinfo.ts";
import { createScheduler } from "#scheduler/scheduler.ts";
import { Snapshot } from "#scheduler/snapshot.ts";
import type { Draft } from "#schema/notation.ts";
import { table } from "./support/figures.ts";
import { loadedPlane, NAMESPACE, node, parts } from "./support/plane.ts";

const SECONDS = Number(process.argv[2] ?? 2);
const MOST = Number(process.argv[3] ?? 5000);

const SELECTOR = { matchLabels: { color: "blue" } };
const sorts = {
  plain: {},
  spreading: {
    topologySpreadConstraints: [
      { maxSkew: 5, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: SELECTOR },
    ],
  },
  "anti-affinity": {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname", labelSelector: SELECTOR }],
      },
    },
  },
} as const satisfies Record<string, Partial<Draft<Pod>["spec"]>>;
type Sort = keyof typeof sorts;
const pod = (i: number, sort: Sort): Draft<Pod> => ({
  metadata: { name: `pod-${i}`, namespace: NAMESPACE, labels: { color: "blue" } },
  spec: {
    containers: [{ name: "main", image: "pause", resources: { requests: { cpu: "100m", memory: "500Mi" } } }],
    ...sorts[sort],
  },
});
/** Pods that find room on so many nodes. */
const roomFor = (nodes: number, sort: Sort) => (sort === "anti-affinity" ? nodes : 30 * nodes);

/** Seconds of CPU that this process has used: what neighbours on the machine do is not in it. */
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
/** Decisions in a second of CPU, each pod counting on its node before the next is decided. */
function decisions(nodes: number, sort: Sort): number {
  const chance = seededChance(1);
  let spent = 0;
  let count = 0;
  while (spent < SECONDS) {
    const snapshot = new Snapshot();
    for (let i = 0; i < nodes; i++) snapshot.setNode({ spec: {}, ...node(i) } as Node);
    const pods = Array.from({ length: Math.min(roomFor(nodes, sort), 20_000) }, (_, i) => {
      const draft = pod(i, sort);
      return { ...draft, metadata: { ...draft.metadata, uid: `uid-${i}` } } as Pod;
    });
    const began = cpuSeconds();
    for (const one of pods) {
      const info = podInfo(one);
      const { node } = decide(info, snapshot, plugins, chance);
      if (node === undefined) throw new Error("there is room for every pod");
      snapshot.place(info, node);
      count++;
      if ((count & 63) === 0 && cpuSeconds() - began + spent > SECONDS) break;
    }
    spent += cpuSeconds() - began;
  }
  return count / spent;
}

/** How often in a second of CPU a number of each node can be read and added up, in a plain loop: what the machine gives now. */
function passes(nodes: number): number {
  const column = new Int32Array(nodes).fill(1);
  let [count, sum] = [0, 0];
  const began = cpuSeconds();
  for (; (count & 1023) !== 0 || cpuSeconds() - began < SECONDS; count++) for (let i = 0; i < nodes; i++) sum = (sum + column[i]!) | 0;
  if (sum === 0) throw new Error("nothing was added up");
  return count / (cpuSeconds() - began);
}
/** Pods bound a second, from the scheduler's start with all of them waiting to the last one's node in the view; and CPU seconds a thousand. */
async function bound(nodes: number, pods: number, sort: Sort): Promise<{ rate: number; cpu: number }> {
  const { plane, admin } = await loadedPlane(nodes);
  for (let i = 0; i < pods; i++) await admin.create(Pod, pod(i, sort));

  const client = plane.clientAs(component("kube-scheduler"), "kube-scheduler");
  const views = createViews({ client: plane.clientAs(component("kube-controller-manager"), "bench"), ...parts });
  const recorder = createRecorder({ client, ...parts, component: "default-scheduler" });
  const scheduler = createScheduler({ client, views, ...parts, recorder, reasons: new Reasons() });
  const view = views.of(Pod);
  await Promise.all([view.ready(), views.of(Node).ready()]);
  const all = Promise.withResolvers<void>();
  let placed = 0;
  view.onChange(({ object, old }) => {
    if (object?.spec.nodeName && !old?.spec.nodeName && ++placed === pods) all.resolve();
  });
  const usage = cpuSeconds();
  const began = performance.now();
  await scheduler.start();
  await all.promise;
  const seconds = (performance.now() - began) / 1000;
  const cpu = (cpuSeconds() - usage) / (pods / 1000);
  await scheduler.stop();
  await recorder.flush();
  views.stop();
  plane.apiserver.close();
  return { rate: pods / seconds, cpu };
}

useBuffer();
// the loops' own timers let a process end
setInterval(() => undefined, 1000);
const perSecond = (n: number) => `${Math.round(n).toLocaleString("en")}/s`;
const names = Object.keys(sorts) as Sort[];
const clusters = [
  { nodes: 100, pods: 2000 },
  { nodes: 1000, pods: 5000 },
  { nodes: 5000, pods: 10_000 },
].filter(c => c.nodes <= MOST);
const alone = clusters.map(({ nodes }) => {
  const figures = names.map(s => perSecond(decisions(nodes, s)));
  return [String(nodes), perSecond(passes(nodes)), ...figures];
});
console.log(`decisions alone, a second of CPU\n${table([["nodes", "floor", ...names], ...alone])}\n`);

const ends: string[][] = [];
for (const { nodes, pods } of clusters) {
  const row = [String(nodes)];
  for (const sort of names) {
    const count = Math.min(pods, roomFor(nodes, sort));
    const { rate, cpu } = await bound(nodes, count, sort);
    row.push(count.toLocaleString("en"), perSecond(rate), cpu.toFixed(2));
  }
  ends.push(row);
}
console.log(`bound in the store; CPU seconds a thousand\n${table([["nodes", ...names.flatMap(s => ["", s, "CPU s"])], ...ends])}`);
process.exit(0);
