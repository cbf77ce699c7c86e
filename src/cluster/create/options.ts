/** What createCluster is told, and what it needs of the process that it lives in. */
import type { Clock } from "#base/clock.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Served } from "#cluster/create/cluster.ts";
import type { Images } from "#cluster/create/images.ts";
import type { Snapshot } from "#cluster/create/snapshot.ts";
import { FAST_STAGES } from "#cluster/options.ts";
import type { StreamServer } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import type { Fault } from "#sim/faults/all.ts";
import { invariants } from "#sim/invariants/all.ts";
import type { Invariant } from "#sim/invariants/invariant.ts";
import { type StageSource, stageSet } from "#stages/set.ts";
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
  /** Begins as that cluster was; `nodes` and `start` are its own then. */
  readonly from?: Snapshot;
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
const START = Date.UTC(2026, 0, 1);

/** Options without gaps. */
export interface Settings extends ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** When virtual time begins, in milliseconds since 1970. */
  readonly begins: number;
  readonly store: "memory" | "disk";
  readonly played: readonly Stage[] | undefined;
  readonly checked: readonly Invariant[];
}
/** Throws one sentence that names the option. */
export function settingsOf(options: ClusterOptions): Settings {
  const { from, stages, invariants: chosen } = options;
  const nodes = from?.nodes ?? options.nodes ?? 1;
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > MAX_NODES) throw new Error(`nodes: from 0 to ${MAX_NODES}, not ${nodes}`);
  return {
    ...options,
    seed: from?.seed ?? options.seed ?? 1,
    nodes,
    begins: from?.now ?? (options.start === undefined ? START : Date.parse(new Date(options.start).toISOString())),
    store: options.store ?? storeFor(options.faults ?? []),
    played: stages === undefined ? undefined : stageSet(stagesOf(stages)),
    checked: chosen === "all" ? invariants : (chosen ?? []),
  };
}
/** Faults of a disk need one. */
export function storeFor(faults: readonly Fault[]): "memory" | "disk" {
  return faults.some(f => f.fault === "disk") ? "disk" : "memory";
}
function stagesOf(stages: string | readonly object[]): readonly StageSource[] {
  return stages === FAST_STAGES ? [] : [{ name: "stages", stages }];
}
