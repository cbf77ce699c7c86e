/** A cluster as its user has it in hand. */
import type { Duration } from "#base/duration.ts";
import type { Transport } from "#client/client.ts";
import type { FetchOptions } from "#cluster/create/images.ts";
import type { Snapshot } from "#cluster/create/snapshot.ts";
import type { HistoryEntry } from "#cluster/history.ts";
import type { TypedClient } from "#cluster/typedclient.ts";
import type { KubeObject } from "#kinds/kind.ts";
import type { Fault } from "#sim/faults/all.ts";
import type { Injector } from "#sim/faults/injector.ts";
import type { SimulatedAnswer } from "#sim/script.ts";

export interface ClusterClock {
  /** Virtual time, in milliseconds since 1970. */
  now(): number;
  /** Moves time on; everything that falls due meanwhile happens. */
  advance(by: Duration): Promise<void>;
  /** From now on virtual time goes along with real time, `speed` times as fast, until the result is called. */
  follow(speed?: number): () => void;
}
/** A cluster's address for clients of any kind. */
export interface Served {
  readonly url: string;
  /** An administrator's kubeconfig, as YAML. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}
export interface SettleOptions {
  /** For so long nothing but heartbeats is written; what is due later does not count. Default 15 s. */
  readonly quiet?: Duration;
  /** How much time may pass until then. Default 1 h. */
  readonly within?: Duration;
}
export interface Cluster {
  readonly client: TypedClient;
  /** HTTP requests as values, with all rights: for clients of one's own making. */
  readonly transport: Transport;
  readonly clock: ClusterClock;
  /** Creates or changes objects by server-side apply, in the order given. Text may hold several YAML (or JSON) documents. */
  apply(objects: string | KubeDraft | readonly KubeDraft[]): Promise<KubeObject[]>;
  /** Moves time on until no loop has work but heartbeats; rejects, naming who is still busy, when that does not come. */
  settled(options?: SettleOptions): Promise<void>;
  /** Every write in order, with its author and reason. */
  history(): readonly HistoryEntry[];
  /** The chain of reasons that brought an object to its state, as `cox why` prints it. */
  why(type: string, name: string, namespace?: string): Promise<string>;
  /**
   * A request on the cluster's network, as a pod of `namespace` would make it: to a service's name or address, or to a pod's. Time passes
   * while it is under way, `timeout` at the most.
   */
  fetch(url: string, request?: ClusterFetchOptions): Promise<Required<SimulatedAnswer>>;
  readonly nodes: ClusterNodes;
  readonly faults: ClusterFaults;
  readonly controlPlane: ClusterControlPlane;
  snapshot(): Promise<Snapshot>;
  /** Another cluster that begins where this one stands; neither knows of the other from then on. */
  fork(): Promise<Cluster>;
  /** A real HTTPS address on loopback (port 0: any that is free); virtual time goes along with real time while it is served. */
  serve(port?: number): Promise<Served>;
  /** Ends everything; nothing is left. */
  close(): Promise<void>;
}
export interface ClusterFaults {
  /** Times count from now. Throws when the cluster was made without `faults`. */
  add(faults: readonly Fault[]): void;
  /** All that were added. */
  readonly list: readonly Fault[];
  /** How many are to come, or go on. */
  readonly pending: number;
  /** What has begun and ended so far. */
  readonly log: Injector["log"];
}
/** The cluster's machines. All act at once; what follows takes its time. */
export interface ClusterNodes {
  readonly names: readonly string[];
  /** Whether the machine has power, and whether its kubelet runs. */
  state(name: string): { readonly on: boolean; readonly kubelet: boolean };
  /** The machine's power goes: all that runs there ends, and nobody is told. */
  stop(name: string): void;
  /** The power comes back; the kubelet starts with it. */
  start(name: string): void;
  /** The kubelet dies where it stands; containers run on. */
  stopKubelet(name: string): void;
  startKubelet(name: string): void;
}
/** The processes that hold apiserver, controllers and scheduler; the store outlives them. */
export interface ClusterControlPlane {
  /** One name for each; "control-plane" when there is but one. */
  readonly names: readonly string[];
  runs(name?: string): boolean;
  /** It dies where it stands, in the middle of whatever it does; without a name all of them. */
  stop(name?: string): void;
  /** Resolves when it serves again; without a name all of them. */
  start(name?: string): Promise<void>;
}
export interface ClusterFetchOptions extends FetchOptions {
  /** Whose names are tried first; "default". */
  readonly namespace?: string;
  /** A pod of that namespace whose request it is; without it no node stands between the two, and no fault of theirs. */
  readonly from?: string;
}
/** Any object, as far as a person writes it. */
export interface KubeDraft {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}
