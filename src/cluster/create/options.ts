/** What createCluster is told, and what it needs of the process that it lives in. */
import type { Clock } from "#base/clock.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Served } from "#cluster/create/cluster.ts";
import type { Images } from "#cluster/create/images.ts";
import type { Snapshot } from "#cluster/create/snapshot.ts";
import { FAST_STAGES } from "#cluster/played.ts";
import type { StreamServer } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import { type EvictionRules, type EvictionSettings, evictionRules } from "#kubelet/thresholds.ts";
import type { Fault } from "#sim/faults/all.ts";
import type { Invariant } from "#sim/invariants/invariant.ts";
import type { StageSource } from "#stages/set.ts";
import type { Stage } from "#stages/stage.ts";

export interface ClusterOptions {
  /** Decides everything that is left to chance: the same seed gives the same history. */
  readonly seed?: number;
  /** How many simulated nodes. */
  readonly nodes?: number;
  /** How many control planes share the store; 1. */
  readonly controlPlanes?: number;
  /** What goes wrong, and when. With it (an empty list will do) every kubelet has watches of its own, as on machines apart. */
  readonly faults?: readonly Fault[];
  /** What must never happen; "all" are those that are known. They are checked on every write, and whenever the cluster is settled. */
  readonly invariants?: readonly Invariant[] | "all";
  /** Where the store is: in memory, or on a simulated disk to which faults of the kind "disk" may happen; without it on a disk if `faults` has such. */
  readonly store?: "memory" | "disk";
  /** Stages (kwok's, as YAML or objects) play the nodes and their pods, instead of kubelets; "fast": those that are built in. */
  readonly stages?: string | readonly object[];
  /** When virtual time begins. */
  readonly start?: Date | string;
  /** What containers do, by their image: its whole reference, or its name without tag. */
  readonly images?: Images;
  /** Begins as that cluster was; `seed`, `nodes` and `start` are its own then, and its faults go on. Images and stages are said anew. */
  readonly from?: Snapshot;
  /** When kubelets evict, in the words of a KubeletConfiguration; upstream's defaults, if it is not said. */
  readonly kubelet?: EvictionSettings;
  readonly log?: Log;
}
/** What a cluster needs of the process that it lives in. */
export interface ClusterHost {
  /** Resolves when no promise has anything to do. */
  readonly rest: () => Promise<void>;
  readonly streams: (runtime: Runtime) => StreamServer;
  /** The time that people live in. */
  readonly clock: Clock;
  readonly serve: (handler: Handler, port: number, log: Log) => Promise<Served>;
}

const MAX_NODES = 5000;
const MAX_PLANES = 9;
const START = Date.UTC(2026, 0, 1);

/** Options without gaps. */
export interface Settings extends ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** When virtual time begins, in milliseconds since 1970. */
  readonly begins: number;
  readonly store: "memory" | "disk";
  readonly played: readonly Stage[] | undefined;
  readonly eviction: EvictionRules;
  readonly checked: readonly Invariant[];
}
/** What is wrong with an option, as the rest of a sentence that begins with its name; undefined: nothing. */
const CHECKS: { readonly [Name in keyof ClusterOptions]-?: (value: unknown) => string | undefined } = {
  seed: value => (Number.isSafeInteger(value) ? undefined : "a whole number"),
  nodes: value => within(value, 0, MAX_NODES),
  controlPlanes: value => within(value, 1, MAX_PLANES),
  faults: value => (Array.isArray(value) ? undefined : "a list of faults"),
  invariants: value =>
    value === "all" || (Array.isArray(value) && value.every(i => typeof i?.begin === "function"))
      ? undefined
      : '"all", or a list of invariants',
  store: value => (value === "memory" || value === "disk" ? undefined : '"memory" or "disk"'),
  stages: value =>
    typeof value === "string" || (Array.isArray(value) && value.every(s => typeof s === "object" && s !== null))
      ? undefined
      : `"${FAST_STAGES}", YAML, or a list of objects`,
  start: value => (Number.isNaN(new Date(value as string | Date).getTime()) ? "a time such as 2026-01-01T00:00:00Z" : undefined),
  images: value =>
    typeof value === "object" && value !== null && Object.values(value).every(image => typeof image === "function")
      ? undefined
      : "a function for each image, by its reference",
  from: value => {
    const { format, store } = (value ?? {}) as Partial<Snapshot>;
    if (format !== 1) return "what snapshot() of a cluster resolves with";
    const whole = store?.entries?.every(e => e.value instanceof Uint8Array);
    return whole ? undefined : "bytes as they were: structuredClone and node:v8 keep what snapshot() resolves with, JSON does not";
  },
  kubelet: value =>
    typeof value === "object" && value !== null ? undefined : 'an object such as { evictionHard: { "memory.available": "1Gi" } }',
  log: value => (typeof (value as Partial<Log> | null)?.with === "function" ? undefined : "a log"),
};
function within(value: unknown, least: number, most: number): string | undefined {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? undefined : `from ${least} to ${most}`;
}
/** The beginning of a value that cannot be. */
function shown(value: unknown): string {
  const text =
    typeof value === "object" ? JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner)) : `${value}`;
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
const MOST_SHOWN = 100;
function checkOptions(options: ClusterOptions): void {
  if (typeof options !== "object" || options === null) throw new Error(`options: an object such as { nodes: 3 }, not ${shown(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(CHECKS, name)) throw new Error(`${name}: there is no such option; there are ${Object.keys(CHECKS).join(", ")}`);
    const wanted = CHECKS[name as keyof ClusterOptions](value);
    if (wanted === undefined) continue;
    throw new Error(`${name}: ${wanted}, not ${shown(value)}`);
  }
}
/** Rejects with one sentence that names the option. What only some clusters have is read when it is wanted. */
export async function settingsOf(options: ClusterOptions): Promise<Settings> {
  checkOptions(options);
  const { from, stages, invariants: chosen } = options;
  const nodes = from?.nodes ?? options.nodes ?? 1;
  const faults = from?.faults || options.faults ? [...(from?.faults ?? []), ...(options.faults ?? [])] : undefined;
  return {
    ...options,
    ...(faults && { faults }),
    seed: from?.seed ?? options.seed ?? 1,
    nodes,
    begins: from?.now ?? (options.start === undefined ? START : Date.parse(new Date(options.start).toISOString())),
    store: options.store ?? storeFor(faults ?? []),
    played: stages === undefined ? undefined : (await import("#stages/set.ts")).stageSet(stagesOf(stages)),
    eviction: evictionRules(options.kubelet, "kubelet."),
    checked: chosen === "all" ? (await import("#sim/invariants/all.ts")).invariants : (chosen ?? []),
  };
}
/** Faults of a disk need one. */
export function storeFor(faults: readonly Fault[]): "memory" | "disk" {
  return faults.some(f => f.fault === "disk") ? "disk" : "memory";
}
function stagesOf(stages: string | readonly object[]): readonly StageSource[] {
  return stages === FAST_STAGES ? [] : [{ name: "stages", stages }];
}
