/** What pods and the node use: /stats/summary, /metrics/resource, and the kubelet's own /metrics. */
import { formatTime } from "#base/time.ts";
import { statusIn } from "#kubelet/observed.ts";
import type { RuntimeStats } from "#kubelet/runtime.ts";
import type { ServerParts } from "#kubelet/server.ts";
import type { Worker } from "#kubelet/worker.ts";

type ContainerStats = RuntimeStats["containers"][number];
interface PodUse {
  readonly worker: Worker;
  readonly containers: readonly { readonly name: string; readonly startedAt: number; readonly stats: ContainerStats }[];
}
function usesOf(workers: readonly Worker[], stats: RuntimeStats): readonly PodUse[] {
  const byId = new Map(stats.containers.map(c => [c.id, c]));
  return workers.map(worker => ({
    worker,
    containers: (worker.state?.containers ?? []).flatMap(c => {
      const found = c.state === "running" ? byId.get(c.id) : undefined;
      return found ? [{ name: c.name, startedAt: c.startedAt, stats: found }] : [];
    }),
  }));
}
const sum = (list: readonly ContainerStats[], of: (c: ContainerStats) => number) => list.reduce((n, c) => n + of(c), 0);
const cpuOf = (time: string, nanoseconds: number) => ({ time, usageCoreNanoSeconds: nanoseconds });

/** The Summary of stats/v1alpha1. */
export async function summaryOf(parts: ServerParts): Promise<unknown> {
  const { machine, disk, runtime, clock, config } = parts;
  const [memory, cpu, space, stats] = await Promise.all([machine.memory(), machine.cpu(), disk.usage(config.root), runtime.stats()]);
  const time = formatTime(clock.now());
  const memoryOf = (m: { usage: number; workingSet: number; rss: number }) => ({
    time,
    usageBytes: m.usage,
    workingSetBytes: m.workingSet,
    rssBytes: m.rss,
  });
  const fs = {
    time,
    availableBytes: space.available,
    capacityBytes: space.capacity,
    usedBytes: space.capacity - space.available,
    inodesFree: space.inodesFree,
    inodes: space.inodes,
    inodesUsed: space.inodes - space.inodesFree,
  };
  const { imageStore } = stats;
  return {
    node: {
      nodeName: config.node.name,
      startTime: time,
      cpu: cpuOf(time, cpu),
      memory: { ...memoryOf(memory), availableBytes: memory.available },
      fs,
      ...(imageStore && {
        runtime: { imageFs: { ...fs, usedBytes: imageStore.usedBytes, inodesUsed: imageStore.inodesUsed } },
      }),
    },
    pods: usesOf(parts.workers(), stats).map(({ worker, containers }) => {
      const all = containers.map(c => c.stats);
      const { name, namespace, uid } = worker.pod.metadata;
      return {
        podRef: { name, namespace, uid },
        startTime: worker.writer.withOwnStatus(worker.pod).status?.startTime ?? null,
        containers: containers.map(({ name, startedAt, stats: c }) => ({
          name,
          startTime: formatTime(startedAt),
          cpu: cpuOf(formatTime(c.at), c.cpuNanoseconds),
          memory: { time: formatTime(c.at), usageBytes: c.memoryUsage, workingSetBytes: c.memoryWorkingSet, rssBytes: c.memoryRss },
          rootfs: { time: formatTime(c.at), usedBytes: c.writableLayerBytes, inodesUsed: c.writableLayerInodes },
        })),
        cpu: cpuOf(
          time,
          sum(all, c => c.cpuNanoseconds),
        ),
        memory: memoryOf({
          usage: sum(all, c => c.memoryUsage),
          workingSet: sum(all, c => c.memoryWorkingSet),
          rss: sum(all, c => c.memoryRss),
        }),
        "ephemeral-storage": { time, usedBytes: sum(all, c => c.writableLayerBytes) },
      };
    }),
  };
}

class Text {
  readonly #lines: string[] = [];
  family(
    name: string,
    type: "counter" | "gauge",
    help: string,
    samples: readonly (readonly [Readonly<Record<string, string>>, number, number?])[],
  ): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value, at] of samples) {
      const pairs = Object.entries(labels).map(([k, v]) => `${k}=${JSON.stringify(v)}`);
      this.#lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}${at === undefined ? "" : ` ${at}`}`);
    }
  }
  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Prometheus text that the metrics API is built from. */
export async function resourceMetrics({ machine, runtime, workers, clock }: ServerParts): Promise<string> {
  const [memory, cpu, stats] = await Promise.all([machine.memory(), machine.cpu(), runtime.stats()]);
  const now = clock.now();
  const all = usesOf(workers(), stats).flatMap(({ worker, containers }) => {
    const { name: pod = "", namespace = "" } = worker.pod.metadata;
    return containers.map(c => ({ pod, namespace, ...c }));
  });
  const out = new Text();
  const each = (of: (c: (typeof all)[number]) => number) =>
    all.map(c => [{ container: c.name, namespace: c.namespace, pod: c.pod }, of(c), c.stats.at] as const);
  out.family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds", [[{}, cpu / 1e9, now]]);
  out.family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes", [[{}, memory.workingSet, now]]);
  out.family(
    "container_cpu_usage_seconds_total",
    "counter",
    "Cumulative cpu time consumed by the container in core-seconds",
    each(c => c.stats.cpuNanoseconds / 1e9),
  );
  out.family(
    "container_memory_working_set_bytes",
    "gauge",
    "Current working set of the container in bytes",
    each(c => c.stats.memoryWorkingSet),
  );
  out.family(
    "container_start_time_seconds",
    "gauge",
    "Start time of the container since unix epoch in seconds",
    each(c => c.startedAt / 1000),
  );
  const pods = new Map<string, { labels: Record<string, string>; cpu: number; memory: number }>();
  for (const c of all) {
    const p = pods.get(`${c.namespace}/${c.pod}`) ?? { labels: { namespace: c.namespace, pod: c.pod }, cpu: 0, memory: 0 };
    p.cpu += c.stats.cpuNanoseconds;
    p.memory += c.stats.memoryWorkingSet;
    pods.set(`${c.namespace}/${c.pod}`, p);
  }
  const ofPods = [...pods.values()];
  out.family(
    "pod_cpu_usage_seconds_total",
    "counter",
    "Cumulative cpu time consumed by the pod in core-seconds",
    ofPods.map(p => [p.labels, p.cpu / 1e9, now] as const),
  );
  out.family(
    "pod_memory_working_set_bytes",
    "gauge",
    "Current working set of the pod in bytes",
    ofPods.map(p => [p.labels, p.memory, now] as const),
  );
  out.family("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise", [[{}, 0]]);
  return out.toString();
}

/** The kubelet's own numbers. */
export function metricsText({ workers, config }: ServerParts): string {
  const out = new Text();
  const states = new Map<string, number>();
  let restarts = 0;
  for (const w of workers()) {
    for (const c of w.state?.containers ?? []) states.set(c.state, (states.get(c.state) ?? 0) + 1);
    for (const c of w.pod.spec.containers) restarts += statusIn(w.writer.withOwnStatus(w.pod), c.name)?.restartCount ?? 0;
  }
  out.family("kubelet_node_name", "gauge", "The node's name. The count is always 1.", [[{ node: config.node.name }, 1]]);
  out.family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox", [
    [{}, workers().filter(w => w.state?.sandboxes.some(s => s.ready)).length],
  ]);
  out.family(
    "kubelet_running_containers",
    "gauge",
    "Number of containers currently running",
    [...states].map(([container_state, n]) => [{ container_state }, n] as const),
  );
  out.family("kubelet_restarted_containers", "gauge", "Restarts of the containers that are here now", [[{}, restarts]]);
  return out.toString();
}
