/**
 * How fast pods get their nodes: decisions alone, and bound in the store through the API's front door by a scheduler in the same process
 * (store in memory, rights as in a cluster, no controllers or kubelets), as upstream's scheduler_perf measures it.
 *   node bench/scheduler.ts [CPU seconds a figure] [most nodes]
 */
import { generateKeyPairSync } from "node:crypto";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { createRecorder } from "#client/events.ts";
import { Reasons } from "#client/reasons.ts";
import { createViews } from "#client/views.ts";
import { component, createControlPlane } from "#cluster/controlplane.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { decide } from "#scheduler/decide.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { podInfo } from "#scheduler/podinfo.ts";
import { createScheduler } from "#scheduler/scheduler.ts";
import { Snapshot } from "#scheduler/snapshot.ts";
import type { Draft } from "#schema/notation.ts";
import { memoryStore } from "#store/memory.ts";
import { table } from "./support/figures.ts";

const SECONDS = Number(process.argv[2] ?? 2);
const MOST = Number(process.argv[3] ?? 5000);
const ZONES = 10;
const NAMESPACE = "default";

/** As upstream's: four cores, 32 GiB, 110 pods. */
const node = (i: number): Draft<Node> => ({
  metadata: {
    name: `node-${i}`,
    labels: { "kubernetes.io/hostname": `node-${i}`, "topology.kubernetes.io/zone": `zone-${i % ZONES}` },
  },
  status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110" }, capacity: { cpu: "4", memory: "32Gi", pods: "110" } },
});
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

/** Pods bound a second, from the scheduler's start with all of them waiting to the last one's node in the view; and CPU seconds a thousand. */
async function bound(nodes: number, pods: number, sort: Sort): Promise<{ rate: number; cpu: number }> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const parts = { clock: hostClock, chance: seededChance(1), log: silentLog };
  const plane = await createControlPlane({
    ...parts,
    store: memoryStore({ clock: hostClock }),
    signer: hostCrypto.signer(privateKey as unknown as string),
    clusterDomain: "cluster.local",
    clusterCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
    rootCa: "PEM",
    address: "192.0.2.1",
    port: 6443,
    platform: "linux/amd64",
  });
  const admin = plane.clientAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }, "bench");
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: NAMESPACE } };
  const made = await admin.transport({
    method: "POST",
    url: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify(account)),
  });
  if (made.status !== 201) throw new Error(`the service account was answered with ${made.status}`);
  for (let i = 0; i < nodes; i++) {
    const { metadata, status } = node(i);
    const created = await admin.create(Node, { metadata });
    // a new node is tainted until a controller has seen that it is ready
    const ready = await admin.update(Node, { ...created, spec: {} } as Node);
    await admin.update(Node, { ...ready, status: { ...ready.status, ...status } } as Node, { subresource: "status" });
  }
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
const alone = clusters.map(({ nodes }) => [String(nodes), ...names.map(s => perSecond(decisions(nodes, s)))]);
console.log(`decisions alone, a second of CPU\n${table([["nodes", ...names], ...alone])}\n`);

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
