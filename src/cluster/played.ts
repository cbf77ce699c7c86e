/** Nodes that are no machines, whoever plays them: kubelets over simulated runtimes (simulated.ts) or stages (staged.ts). */
import type { Handler } from "#base/http.ts";
import type { FaultyMachine, FaultyNode } from "#sim/faults/fault.ts";
import type { RuntimeState, Script } from "#sim/runtime.ts";

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
  /** What answers at a pod's address; undefined: nobody has it. */
  at(address: string): readonly Script[] | undefined;
  /** The machines themselves, for faults; stages have none. */
  readonly all: readonly FaultyMachine[];
  stop(): Promise<void>;
}
