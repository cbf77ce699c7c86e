/** A simulated cluster's time: `node bench/sim.ts [nodes] [hours]`. How long virtual hours of an idle cluster with some pods take. */
import { createCluster } from "coxswain";

const nodes = Number(process.argv[2] ?? 100);
const hours = Number(process.argv[3] ?? 1);
const began = performance.now();
const cluster = await createCluster({ nodes });
await cluster.apply({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: nodes,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:1" }] } },
  },
});
await cluster.settled();
const ready = performance.now();
const before = { writes: cluster.history().length, cpu: process.cpuUsage() };
await cluster.clock.advance(hours * 3600_000);
const seconds = (performance.now() - ready) / 1000;
const { user, system } = process.cpuUsage(before.cpu);
const writes = cluster.history().length - before.writes;
const cpu = (user + system) / 1e6;
console.log(`${nodes} nodes and as many pods were there after ${((ready - began) / 1000).toFixed(1)} s`);
console.log(
  `${hours} virtual hours: ${seconds.toFixed(1)} s (${cpu.toFixed(1)} CPU s), ${writes} writes, ${((cpu * 1e6) / writes).toFixed(0)} us CPU each; a day: ${((cpu / hours) * 24).toFixed(0)} CPU s`,
);
console.log(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`);
await cluster.close();
