/** What a fault is: plain data, and for each kind a file that says what it does to the simulated world. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Duration } from "#base/duration.ts";
import type { Ailments } from "#sim/ailments.ts";
import type { ProcessLife } from "#sim/life.ts";
import { ADMINISTRATOR, type Link } from "#sim/link.ts";
import type { SimulatedRuntime } from "#sim/runtime.ts";
import type { Storage } from "#sim/storage.ts";
import type { Traffic } from "#sim/traffic.ts";
import type { Fields } from "./fields.ts";

/** When a fault happens. */
export interface Span {
  /** After the cluster's (or the fault's) beginning; at once when it is not said. */
  readonly at?: Duration;
  /** Then it ends; without it, it lasts. Kinds whose work is done at once need none. */
  readonly for?: Duration;
}
/** A node, whoever plays it. */
export interface FaultyNode {
  readonly name: string;
  /** Whether the machine has power. */
  readonly isOn: boolean;
  /** The power goes: all that runs there ends at once. */
  stop(): void;
  /** The power comes back, and with it the kubelet. */
  start(): void;
  /** The kubelet dies where it stands; containers run on. */
  stopKubelet(): void;
  startKubelet(): void;
}
/** A node with a simulated machine: stages in place of kubelets have none. */
export interface FaultyMachine extends FaultyNode {
  readonly runtime: SimulatedRuntime;
  readonly ailments: Ailments;
  /** Of the kubelet that runs. */
  readonly life: ProcessLife | undefined;
}
/** One control plane's process. */
export interface FaultyPlane {
  readonly name: string;
  readonly runs: boolean;
  /** Of the process that runs now, or ran last. */
  readonly life: ProcessLife;
  /** Resolves when it serves and its loops run; rejects when it dies before. Nothing happens when it runs. */
  start(): Promise<void>;
  /** It dies where it stands. */
  stop(): void;
  /** One of its loops dies where it stands, and another takes its place. */
  restart(component: string): void;
}
/** What faults happen to. */
export interface World {
  readonly clock: Clock;
  readonly link: Link;
  /** Between pods. */
  readonly traffic: Traffic;
  readonly nodes: readonly FaultyNode[];
  readonly machines: readonly FaultyMachine[];
  readonly planes: readonly FaultyPlane[];
  readonly storage: Storage;
}
/** What a seed may draw from. */
export interface Scope {
  readonly nodes: readonly string[];
  readonly planes: readonly string[];
}
export interface FaultKind<F extends { readonly fault: string }> {
  readonly name: F["fault"];
  readonly fields: Fields<F>;
  /** What is wrong with a fault whose fields are right each by itself, in a sentence; undefined: nothing. */
  problem?(fault: F, world: World): string | undefined;
  /** Its work is done when it has begun. */
  readonly atOnce?: true;
  /** A seed draws it only for who names its kind: it strikes nobody but pods that call each other. */
  readonly onlyNamed?: true;
  /** Milliseconds after its end for which it still keeps loops from their work. */
  readonly lingers?: number;
  /** One as a seed draws it; undefined: this cluster has nothing that it could happen to. */
  draw(chance: Chance, scope: Scope): (F & { readonly for?: number }) | undefined;
  /** Begins it; the result ends it. `chance` is this fault's own. */
  begin(fault: F, world: World, chance: Chance): () => void;
}
export const faultKind = <F extends { readonly fault: string }>(kind: FaultKind<F>): FaultKind<F> => kind;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** A time between the two, in whole seconds; short ones are as likely as long ones. */
export function between(chance: Chance, least: number, most: number): number {
  const ms = least * (most / least) ** chance.next();
  return Math.max(SECOND, Math.round(ms / SECOND) * SECOND);
}
export const SHORT = [2 * SECOND, 2 * MINUTE] as const;
export const LONG = [10 * SECOND, 20 * MINUTE] as const;

export function oneOf<T>(chance: Chance, from: readonly T[]): T | undefined {
  return from[Math.floor(chance.next() * from.length)];
}
/** Those that `name` names; all without it. Throws one sentence when there is none. */
export function named<T extends { readonly name: string }>(what: string, all: readonly T[], name: string | undefined): readonly T[] {
  const found = name === undefined ? all : all.filter(one => one.name === name);
  if (name !== undefined && found.length === 0) throw new Error(`a fault's ${what}: none is called "${name}"`);
  return found;
}
/** Whether a message comes from `who`: a component's name, or the first part of it ("kubelet"); undefined: any but the administrator. */
export function isFrom(from: string, who: string | undefined): boolean {
  if (from === ADMINISTRATOR) return false;
  return who === undefined || from === who || from.startsWith(`${who}/`);
}
/** Components whose messages a seed may harm. */
export const COMPONENTS = [
  "kubelet",
  "kube-scheduler",
  "kube-controller-manager",
  "deployment-controller",
  "replicaset-controller",
  "endpointslice-controller",
  "node-controller",
  "garbage-collector-controller",
  "namespace-controller",
] as const;
