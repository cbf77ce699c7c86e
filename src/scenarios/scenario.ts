/** What a scenario is: a story that a whole cluster lives through while things go wrong, and that must always end well. */
import type { Chance } from "#base/chance.ts";
import type { Cluster } from "#cluster/create/cluster.ts";
import type { ClusterOptions } from "#cluster/create/options.ts";
import type { FaultName } from "#sim/faults/all.ts";
import type { Invariant } from "#sim/invariants/invariant.ts";

export interface Scenario {
  readonly name: string;
  /** What it shows, in a line. */
  readonly says: string;
  /** The cluster that it needs; seed, faults and invariants are the runner's. */
  readonly options: Omit<ClusterOptions, "seed" | "faults" | "invariants" | "from">;
  /** The faults that each seed draws: how many begin within how many milliseconds of the story, and of which kinds (all but those that must be named, if it is not said). */
  readonly faults: { readonly count: number; readonly within: number; readonly kinds?: readonly FaultName[] };
  /** How many seeds its test runs; 100. */
  readonly seeds?: number;
  /** All that are known, if it is not said. */
  readonly invariants?: readonly Invariant[];
  /**
   * What a person does, and asserts. Requests wait until there is a control plane that answers. When it has resolved the faults run out
   * and the cluster comes to rest; what must hold then is `end`'s to assert.
   */
  story(cluster: Cluster, telling: Telling): Promise<void>;
  end?(cluster: Cluster): Promise<void>;
}
export interface Telling {
  /** The story's own, from the seed. */
  readonly chance: Chance;
  readonly seed: number;
  /** How long it is to last, in milliseconds, for stories that go on for as long as one likes. */
  readonly lasts: number;
  /** Says a line of the story. */
  say(line: string): void;
}
