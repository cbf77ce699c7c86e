/**
 * When a node runs short: which thresholds are met, what the node says of it, whom it costs its place, and why. Pure.
 * The rules are upstream's (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/).
 */
import { Quantity } from "#base/quantity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Eviction, Rejection } from "#kubelet/observed.ts";
import { AT_ONCE } from "#kubelet/ownlimits.ts";
import { amount, isCritical, podTotal, qosOf } from "#kubelet/resources.ts";
import { binary, type EvictionRules, type Pressure, portion, type Resource, type Signal, type Threshold } from "#kubelet/thresholds.ts";
import { tolerates } from "#rules/taints.ts";

/** How much there is, and how much of it is left: bytes, inodes or process ids. */
export interface Level {
  readonly available: number;
  readonly capacity: number;
}
/** A signal that is absent was not observed. */
export type Signals = Readonly<Partial<Record<Signal, Level>>>;

/** A threshold that is met. */
export interface Shortage {
  readonly threshold: Threshold;
  readonly least: number;
  readonly available: number;
}
/** What is known of a node's shortages from one look to the next. Times are monotonic milliseconds. */
export interface Shortness {
  /** When each threshold that is met was first seen so. */
  readonly since: ReadonlyMap<Threshold, number>;
  /** Those of them that evict: their grace is over. The most urgent first. */
  readonly shortages: readonly Shortage[];
  /** When each pressure that the node says was last seen. */
  readonly pressures: ReadonlyMap<Pressure, number>;
}
export const WELL: Shortness = { since: new Map(), shortages: [], pressures: new Map() };
/** Nothing is short, and nothing is said to be: only other signals can change that, not time. */
export const isWell = ({ since, pressures }: Shortness): boolean => since.size === 0 && pressures.size === 0;

/** What a look at the signals makes of what was known before; the same object where nothing is short and nothing was. */
export function lookAt(before: Shortness, signals: Signals, { thresholds, transitionMs }: EvictionRules, now: number): Shortness {
  const evicting = new Set(before.shortages.map(s => s.threshold));
  const since = new Map<Threshold, number>();
  const shortages: Shortage[] = [];
  for (const threshold of thresholds) {
    const level = signals[threshold.signal];
    if (!level || level.capacity <= 0) continue;
    const { available, capacity } = level;
    const least = portion(threshold.least, capacity);
    // one that evicts does so until there is as much more as is to be reclaimed
    const enough = least + (evicting.has(threshold) ? portion(threshold.reclaim, capacity) : 0);
    if (available >= enough) continue;
    const first = before.since.get(threshold) ?? now;
    since.set(threshold, first);
    if (now - first >= (threshold.grace ?? 0)) shortages.push({ threshold, least, available });
  }
  if (since.size === 0 && isWell(before)) return before;
  const pressures = new Map([...before.pressures].filter(([, at]) => now - at < transitionMs));
  for (const { pressure } of since.keys()) pressures.set(pressure, now);
  return { since, shortages, pressures };
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

/** Upstream's words for the pod's status and event, and how long it is given: below a soft threshold what the node allows. */
export function evictionOf(
  { pod, use }: Candidate,
  { threshold: { resource, grace: soft }, least, available }: Shortage,
  { maxPodGraceSeconds }: Pick<EvictionRules, "maxPodGraceSeconds">,
): Eviction {
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${binary(least)}, available: ${binary(available)}. `;
  for (const c of use?.containers ?? []) {
    const requests = pod.spec.containers.find(s => s.name === c.name)?.resources?.requests;
    const uses = resource === "memory" ? c.memory : resource === "ephemeral-storage" ? c.disk : undefined;
    const request = amount(requests, resource);
    if (uses === undefined || Quantity.of(uses).compare(request) <= 0) continue;
    message += `Container ${c.name} was using ${binary(uses)}, request is ${request}, has larger consumption of ${resource}. `;
  }
  const grace = soft === undefined ? AT_ONCE : Math.max(AT_ONCE, maxPodGraceSeconds);
  return { reason: EVICTED, message, grace, disrupts: true };
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
