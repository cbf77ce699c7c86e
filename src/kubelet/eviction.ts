/**
 * When a node runs short: which thresholds are met, what the node says of it, whom it costs its place, and why. Pure.
 * The rules are upstream's (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/).
 */
import { Quantity } from "#base/quantity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Rejection } from "#kubelet/observed.ts";
import { amount, isCritical, podTotal, qosOf } from "#kubelet/resources.ts";
import { tolerates } from "#rules/taints.ts";

export type Signal =
  | "memory.available"
  | "nodefs.available"
  | "nodefs.inodesFree"
  | "imagefs.available"
  | "imagefs.inodesFree"
  | "pid.available";
export type Pressure = "MemoryPressure" | "DiskPressure" | "PIDPressure";
type Resource = "memory" | "ephemeral-storage" | "inodes" | "pids";
/** How much there is, and how much of it is left: bytes, inodes or process ids. */
export interface Level {
  readonly available: number;
  readonly capacity: number;
}
/** A signal that is absent was not observed. */
export type Signals = Readonly<Partial<Record<Signal, Level>>>;

interface Threshold {
  readonly signal: Signal;
  readonly pressure: Pressure;
  readonly resource: Resource;
  /** Met below so much, or such a share of the capacity. */
  readonly least: { readonly amount: number } | { readonly share: number };
}
const MIB = 1024 ** 2;
export const MEMORY_KEPT = 100 * MIB;
export const DISK_KEPT = 0.1;
/** Upstream's hard thresholds, memory first as it is most urgent; and one of our own for process ids. */
const THRESHOLDS: readonly Threshold[] = [
  { signal: "memory.available", pressure: "MemoryPressure", resource: "memory", least: { amount: MEMORY_KEPT } },
  { signal: "nodefs.available", pressure: "DiskPressure", resource: "ephemeral-storage", least: { share: DISK_KEPT } },
  { signal: "nodefs.inodesFree", pressure: "DiskPressure", resource: "inodes", least: { share: 0.05 } },
  { signal: "imagefs.available", pressure: "DiskPressure", resource: "ephemeral-storage", least: { share: 0.15 } },
  { signal: "imagefs.inodesFree", pressure: "DiskPressure", resource: "inodes", least: { share: 0.05 } },
  { signal: "pid.available", pressure: "PIDPressure", resource: "pids", least: { share: 0.1 } },
];
/** A threshold that is met. */
export interface Shortage {
  readonly threshold: Threshold;
  readonly least: number;
  readonly available: number;
}
/** The most urgent first. */
export function shortagesOf(signals: Signals): readonly Shortage[] {
  const found: Shortage[] = [];
  for (const threshold of THRESHOLDS) {
    const level = signals[threshold.signal];
    if (!level || level.capacity <= 0) continue;
    const least = "amount" in threshold.least ? threshold.least.amount : Math.trunc(level.capacity * threshold.least.share);
    if (level.available < least) found.push({ threshold, least, available: level.available });
  }
  return found;
}

/** For so long a pressure is still said after it was last seen, so that the node's taint does not come and go. */
const TRANSITION_MS = 300_000;
/** When each pressure that the node says was last seen: `before` where there is none. `now` and the times are monotonic milliseconds. */
export function pressuresOf(
  before: ReadonlyMap<Pressure, number>,
  shortages: readonly Shortage[],
  now: number,
): ReadonlyMap<Pressure, number> {
  if (before.size === 0 && shortages.length === 0) return before;
  const after = new Map([...before].filter(([, at]) => now - at < TRANSITION_MS));
  for (const { threshold } of shortages) after.set(threshold.pressure, now);
  return after;
}

/** What a pod uses; undefined: nobody knows. */
export interface Use {
  readonly containers: readonly { readonly name: string; readonly memory: number; readonly disk: number; readonly inodes: number }[];
}
export interface Candidate {
  readonly pod: Pod;
  readonly use: Use | undefined;
}
const used = ({ use }: Candidate, resource: Resource): number => {
  const of = (c: Use["containers"][number]) =>
    resource === "memory" ? c.memory : resource === "ephemeral-storage" ? c.disk : resource === "inodes" ? c.inodes : 0;
  return (use?.containers ?? []).reduce((sum, c) => sum + of(c), 0);
};
const asked = ({ pod }: Candidate, resource: Resource) => podTotal(pod, "requests", resource).value();

/** The pods that may be evicted, the first to go first: those above their requests, of the least priority, with the most above them. */
export function ranked(candidates: readonly Candidate[], { threshold: { resource } }: Shortage): readonly Candidate[] {
  const above = (c: Candidate) => used(c, resource) - asked(c, resource);
  const priority = ({ pod }: Candidate) => pod.spec.priority ?? 0;
  // of process ids nobody has asked for any
  const exceeds = (c: Candidate) => (resource === "pids" ? 0 : c.use === undefined ? 2 : above(c) > 0 ? 1 : 0);
  return candidates
    .filter(c => !isCritical(c.pod))
    .sort((a, b) => exceeds(b) - exceeds(a) || priority(a) - priority(b) || above(b) - above(a));
}

const binary = (n: number) => Quantity.of(n, "BinarySI").toString();
/** Upstream's words for the pod's status and event. */
export function evictionOf({ pod, use }: Candidate, { threshold: { resource }, least, available }: Shortage): Rejection {
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${binary(least)}, available: ${binary(available)}. `;
  for (const c of use?.containers ?? []) {
    const requests = pod.spec.containers.find(s => s.name === c.name)?.resources?.requests;
    const uses = resource === "memory" ? c.memory : resource === "ephemeral-storage" ? c.disk : undefined;
    const request = amount(requests, resource);
    if (uses === undefined || Quantity.of(uses).compare(request) <= 0) continue;
    message += `Container ${c.name} was using ${binary(uses)}, request is ${request}, has larger consumption of ${resource}. `;
  }
  return { reason: EVICTED, message };
}
const EVICTED = "Evicted";

const MEMORY_TAINT = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" } as const;
/** Why a node under pressure does not take the pod; undefined: it does. */
export function refusedBy(pressures: ReadonlySet<Pressure>, pod: Pod): Rejection | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined;
  if (pressures.size === 1 && pressures.has("MemoryPressure")) {
    if (qosOf(pod) !== "BestEffort" || pod.spec.tolerations?.some(t => tolerates(t, MEMORY_TAINT))) return undefined;
  }
  return { reason: EVICTED, message: `Pod was rejected: The node had condition: [${[...pressures].join(" ")}]. ` };
}
