/** A scenario with a hundred seeds, each with what that seed lets go wrong: in quarters, whose tests run side by side. */
import { run } from "#scenarios/run.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const SEEDS = 100;
const QUARTERS = 4;

/** Runs every fourth seed, from `first` on; rejects with the command that shows the first one that does not end well. */
export async function endsWell(scenario: Scenario, first: 1 | 2 | 3 | 4): Promise<void> {
  for (let seed = first as number; seed <= (scenario.seeds ?? SEEDS); seed += QUARTERS) {
    const { failure } = await run(scenario, { seed });
    if (failure !== undefined) throw new Error(`${failure}: cox sim --scenario ${scenario.name} --seed ${seed}`);
  }
}
