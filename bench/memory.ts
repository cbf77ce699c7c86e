/**
 * What the control plane holds in memory for a cluster of many pods: the store (in memory, with its history), the apiserver's own view, the
 * loops' view and the scheduler's count; then lists of all pods in several forms, read as they come.
 *   node --expose-gc bench/memory.ts [nodes] [pods]
 */
import { createViews } from "#client/views.ts";
import { useBuffer } from "#host/bytes.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { podInfo } from "#scheduler/podinfo.ts";
import { Snapshot } from "#scheduler/snapshot.ts";
import { mebibytes, table } from "./support/figures.ts";
import { loadedPlane, NAMESPACE, parts } from "./support/plane.ts";

const NODES = Number(process.argv[2] ?? 5000);
const PODS = Number(process.argv[3] ?? 150_000);
useBuffer();
setInterval(() => undefined, 1000);
if (!globalThis.gc) throw new Error("run it with --expose-gc");

const rows: string[][] = [["after", "heap", "buffers", "resident", "bytes a pod"]];
let before = 0;
async function look(after: string): Promise<void> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise(resolve => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const grown = heapUsed + arrayBuffers - before;
  before = heapUsed + arrayBuffers;
  rows.push([after, mebibytes(heapUsed), mebibytes(arrayBuffers), mebibytes(rss), (grown / PODS).toFixed(0)]);
}

const { admin } = await loadedPlane(NODES);
await look(`${NODES} nodes`);
const labels = { app: "web", "pod-template-hash": "5d4f8c7b9" };
const resources = { requests: { cpu: "100m", memory: "128Mi" } };
for (let i = 0; i < PODS; i++)
  await admin.create(Pod, {
    metadata: { name: `pod-${i}`, namespace: NAMESPACE, labels },
    spec: { nodeName: `node-${i % NODES}`, containers: [{ name: "main", image: "registry.example/web:1", resources }] },
  });
await look(`${PODS} pods in store and apiserver`);
const views = createViews({ client: admin, ...parts });
const view = views.of(Pod);
await view.ready();
await look("the loops' view");
const snapshot = new Snapshot();
for (const node of await admin.list(Node).then(l => l.items)) snapshot.setNode(node);
view.onChange(({ object }) => {
  if (object?.spec.nodeName) snapshot.place(podInfo(object), object.spec.nodeName);
});
await look("the scheduler's count");
const lists: string[][] = [["all pods as", "MiB in pieces", "most resident", "CPU s"]];
for (const [name, accept] of [
  ["JSON", "application/json"],
  ["a table, as kubectl asks for it", "application/json;as=Table;v=v1;g=meta.k8s.io"],
  ["protobuf, as client-go asks for it", "application/vnd.kubernetes.protobuf"],
] as const) {
  const began = process.cpuUsage();
  let [bytes, most] = [0, process.memoryUsage().rss];
  const { body } = await admin.transport({ method: "GET", url: "/api/v1/pods", headers: { accept } });
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    most = Math.max(most, process.memoryUsage().rss);
  }
  const { user, system } = process.cpuUsage(began);
  lists.push([name, mebibytes(bytes), mebibytes(most), ((user + system) / 1e6).toFixed(1)]);
}
await look("lists of all of them");
console.log(`MiB, after a collection of garbage\n${table(rows)}\n\n${table(lists)}`);
process.exit(0);
