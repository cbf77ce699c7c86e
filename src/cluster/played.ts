/** Nodes that are no machines, whoever plays them: kubelets over simulated runtimes (simulated.ts) or stages (staged.ts). */
import type { Handler } from "#base/http.ts";
import type { FaultyMachine, FaultyNode } from "#sim/faults/fault.ts";
import type { RuntimeState } from "#sim/runtime.ts";
import type { Traffic } from "#sim/traffic.ts";

/** Names the stages that are built in. */
export const FAST_STAGES = "fast";

export interface PlayedNode extends FaultyNode {
  readonly kubeletRuns: boolean;
}
export interface PlayedNodes {
  readonly names: readonly string[];
  /** Throws when no node is called so. */
  node(name: string): PlayedNode;
  /** A node's own API, for the apiserver of the same process. */
  kubeletOf(nodeName: string): Handler | undefined;
  /** Resolves when every node's object says Ready. */
  readonly ready: Promise<void>;
  /** What is being worked on now. */
  busy(): readonly string[];
  /** What runs on the machines now. */
  machines(): Readonly<Record<string, RuntimeState>>;
  /** The network between their pods. */
  readonly traffic: Traffic;
  /** The machines themselves, for faults; stages have none. */
  readonly all: readonly FaultyMachine[];
  stop(): Promise<void>;
}
