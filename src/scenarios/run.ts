/** Runs a scenario with a seed: the same seed and the same faults give the same history, byte for byte. */
import { seededChance } from "#base/chance.ts";
import { storeFor } from "#cluster/create/options.ts";
import { InvariantBreach } from "#cluster/create/settled.ts";
import type { HistoryEntry } from "#cluster/history.ts";
import { createCluster } from "#cluster/index.ts";
import { patient } from "#scenarios/patient.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { storyOf } from "#scenarios/story.ts";
import type { Fault } from "#sim/faults/all.ts";
import { drawFaults } from "#sim/faults/generate.ts";

export interface RunOptions {
  readonly seed: number;
  /** What goes wrong; what the seed draws when it is not said. */
  readonly faults?: readonly Fault[];
  readonly nodes?: number;
  /** Milliseconds, for stories that go on for as long as one likes. */
  readonly lasts?: number;
}
export interface Outcome {
  readonly faults: readonly Fault[];
  /** Why it did not end well; undefined: it did. */
  readonly failure: string | undefined;
  /** By what an invariant is called, when it is one that did not hold: the same failure has the same. */
  readonly kind: string;
  readonly history: readonly HistoryEntry[];
  /** Virtual milliseconds that it took. */
  readonly took: number;
  /** What happened, line by line. */
  story(): string[];
}
const HOUR = 3600_000;
/** How long a cluster may take to come to rest when nothing goes wrong any more. */
const REST = "3h";

/** Throws one sentence where the options or the faults are none. */
export async function run(scenario: Scenario, options: RunOptions): Promise<Outcome> {
  const { seed, lasts = HOUR } = options;
  const nodes = options.nodes ?? scenario.options.nodes ?? 1;
  const planes = scenario.options.controlPlanes ?? 1;
  const { count, within, kinds } = scenario.faults;
  const faults =
    options.faults ??
    drawFaults({
      seed,
      count: Math.ceil(count * Math.max(1, lasts / HOUR)),
      within: Math.max(within, lasts > HOUR ? lasts : 0),
      ...(kinds && { kinds }),
      nodes: Array.from({ length: nodes }, (_, i) => `node-${i + 1}`),
      planes: planes === 1 ? ["control-plane"] : Array.from({ length: planes }, (_, i) => `control-plane-${i + 1}`),
    });
  const cluster = await createCluster({
    ...scenario.options,
    nodes,
    seed,
    store: storeFor(faults),
    faults: [],
    invariants: scenario.invariants ?? "all",
  });
  try {
    cluster.faults.add(faults);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  const began = cluster.clock.now();
  const said: { at: number; line: string }[] = [];
  let failure: string | undefined;
  let kind = "";
  try {
    const waiting = patient(cluster);
    const say = (line: string) => void said.push({ at: cluster.clock.now(), line });
    await scenario.story(waiting, { chance: seededChance(seed ^ 0x570217), seed, lasts, say });
    while (cluster.faults.pending > 0) await cluster.clock.advance("10s");
    await cluster.settled({ within: REST });
    await scenario.end?.(waiting);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    kind = error instanceof InvariantBreach ? error.breach.invariant : failure.replace(/[\d.]+|\s.*/g, "");
  }
  const history = cluster.history();
  const took = cluster.clock.now() - began;
  const { log } = cluster.faults;
  await cluster.close().catch(error => {
    failure ??= `the cluster did not end: ${error}`;
  });
  return { faults, failure, kind, history, took, story: () => storyOf({ began, history, log, said }) };
}
