/**
 * Where a node runs short: what a kubelet is told of it, in KubeletConfiguration's own names and notation, and the thresholds that come of it.
 * The rules and the sentences are upstream's (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/).
 */
import { type Duration, durationOf } from "#base/duration.ts";
import { parseQuantity, Quantity } from "#base/quantity.ts";

export type Signal =
  | "memory.available"
  | "nodefs.available"
  | "nodefs.inodesFree"
  | "imagefs.available"
  | "imagefs.inodesFree"
  | "pid.available";
export type Pressure = "MemoryPressure" | "DiskPressure" | "PIDPressure";
export type Resource = "memory" | "ephemeral-storage" | "inodes" | "pids";
/** So much, or such a share of the capacity. */
export type Portion = { readonly amount: number } | { readonly share: number };

export interface Threshold {
  readonly signal: Signal;
  readonly pressure: Pressure;
  readonly resource: Resource;
  /** Met below it. */
  readonly least: Portion;
  /** A soft one: pods are evicted when it has been met for so many milliseconds; undefined: at once. */
  readonly grace?: number;
  /** It is left only when so much more than it is there. */
  readonly reclaim?: Portion;
}
type BySignal<T> = Readonly<Partial<Record<Signal, T>>>;
/** As in a KubeletConfiguration: quantities, or shares such as "10%", by signal. */
export interface EvictionSettings {
  /** Replaces all that would count otherwise. */
  readonly evictionHard?: BySignal<string>;
  readonly evictionSoft?: BySignal<string>;
  /** One for each of `evictionSoft`. */
  readonly evictionSoftGracePeriod?: BySignal<Duration>;
  readonly evictionMinimumReclaim?: BySignal<string>;
  /** Seconds that a pod is given at most when a soft threshold evicts it; 0. */
  readonly evictionMaxPodGracePeriod?: number;
  /** For so long a pressure is still said after it was last seen, so that the node's taint does not come and go; 5 m. */
  readonly evictionPressureTransitionPeriod?: Duration;
}
/** The same, ready to use. */
export interface EvictionRules {
  /** The most urgent first. */
  readonly thresholds: readonly Threshold[];
  readonly maxPodGraceSeconds: number;
  readonly transitionMs: number;
}
/** The most urgent first. */
const SIGNALS: { readonly [S in Signal]: Pick<Threshold, "pressure" | "resource"> } = {
  "memory.available": { pressure: "MemoryPressure", resource: "memory" },
  "nodefs.available": { pressure: "DiskPressure", resource: "ephemeral-storage" },
  "nodefs.inodesFree": { pressure: "DiskPressure", resource: "inodes" },
  "imagefs.available": { pressure: "DiskPressure", resource: "ephemeral-storage" },
  "imagefs.inodesFree": { pressure: "DiskPressure", resource: "inodes" },
  "pid.available": { pressure: "PIDPressure", resource: "pids" },
};
/** Upstream's; and one of our own for process ids. */
const HARD: Required<EvictionSettings>["evictionHard"] = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
  "pid.available": "10%",
};

const FIELDS: Required<{ [Name in keyof EvictionSettings]: true }> = {
  evictionHard: true,
  evictionSoft: true,
  evictionSoftGracePeriod: true,
  evictionMinimumReclaim: true,
  evictionMaxPodGracePeriod: true,
  evictionPressureTransitionPeriod: true,
};
/** The names of all settings. */
export const EVICTION_FIELDS = Object.keys(FIELDS) as readonly (keyof EvictionSettings)[];

/** Throws one sentence that names the field, with what stands before it. */
export function evictionRules(settings: EvictionSettings = {}, before = ""): EvictionRules {
  try {
    return rulesOf(settings);
  } catch (error) {
    throw new Error(`${before}${(error as Error).message}`);
  }
}
function rulesOf(settings: EvictionSettings): EvictionRules {
  const other = Object.keys(settings).find(name => !Object.hasOwn(FIELDS, name));
  if (other !== undefined) throw new Error(`${other}: there is no such field; there are ${EVICTION_FIELDS.join(", ")}`);
  const {
    evictionHard: hard = HARD,
    evictionSoft: soft = {},
    evictionSoftGracePeriod: graces = {},
    evictionMinimumReclaim: reclaims = {},
    evictionMaxPodGracePeriod: most = 0,
    evictionPressureTransitionPeriod: transition = "5m",
  } = settings;
  for (const [field, bySignal] of Object.entries({
    evictionHard: hard,
    evictionSoft: soft,
    evictionSoftGracePeriod: graces,
    evictionMinimumReclaim: reclaims,
  }))
    for (const signal of Object.keys(bySignal))
      if (!Object.hasOwn(SIGNALS, signal)) throw new Error(`${field}: unsupported eviction signal ${signal}`);
  if (!Number.isInteger(most) || most < 0) throw new Error(`evictionMaxPodGracePeriod: a whole number of seconds, not ${most}`);
  const thresholds: Threshold[] = [];
  for (const signal of Object.keys(SIGNALS) as Signal[]) {
    const reclaim = reclaims[signal] === undefined ? undefined : portionOf("evictionMinimumReclaim", signal, reclaims[signal]);
    const add = (field: "evictionHard" | "evictionSoft", text: string | undefined, grace?: number) => {
      // as upstream: a share of nothing or of all is no threshold
      if (text === undefined || text === "0%" || text === "100%") return;
      const least = portionOf(field, signal, text);
      if ("amount" in least && least.amount === 0) throw new Error(`${field}: eviction threshold ${signal} must be positive: ${text}`);
      const more = { ...(grace !== undefined && { grace }), ...(reclaim && { reclaim }) };
      thresholds.push({ signal, ...SIGNALS[signal], least, ...more });
    };
    add("evictionHard", hard[signal]);
    if (soft[signal] === undefined) continue;
    const grace = graces[signal];
    if (grace === undefined)
      throw new Error(`evictionSoftGracePeriod: grace period must be specified for the soft eviction threshold ${signal}`);
    add("evictionSoft", soft[signal], durationOf(`evictionSoftGracePeriod: ${signal}`, grace));
  }
  return { thresholds, maxPodGraceSeconds: most, transitionMs: durationOf("evictionPressureTransitionPeriod", transition) };
}
function portionOf(field: string, signal: Signal, text: string): Portion {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (share !== undefined) {
    if (Number(share) > 100) throw new Error(`${field}: eviction percentage threshold ${signal} must be <= 100%: ${text}`);
    return { share: Number(share) / 100 };
  }
  try {
    const amount = parseQuantity(String(text)).value();
    if (amount >= 0) return { amount };
  } catch (error) {
    throw new Error(`${field}: ${signal}: ${(error as Error).message}`);
  }
  throw new Error(`${field}: eviction threshold ${signal} must be positive: ${text}`);
}
/** How much a portion is of a capacity. */
export function portion(of: Portion | undefined, capacity: number): number {
  if (!of) return 0;
  return "amount" in of ? of.amount : Math.trunc(capacity * of.share);
}
/** What a hard threshold keeps back from pods. */
export function keptBack({ thresholds }: EvictionRules, signal: Signal, capacity: number): number {
  return portion(thresholds.find(t => t.signal === signal && t.grace === undefined)?.least, capacity);
}
export const binary = (n: number) => Quantity.of(n, "BinarySI").toString();
