/** Runs one seed, and when it does not end well looks for the shortest list of faults with which it still does not. */

import { type Outcome, type RunOptions, run } from "#scenarios/run.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { shrink } from "#scenarios/shrink.ts";
import type { Fault } from "#sim/faults/all.ts";

export interface Examined {
  readonly outcome: Outcome;
  /** The shortest list of faults, and the run with it; undefined: it ended well. */
  readonly shortest: { readonly faults: readonly Fault[]; readonly outcome: Outcome } | undefined;
}
/** `progress` is told how many faults are left. */
export async function examine(
  scenario: Scenario,
  options: RunOptions,
  progress: (left: number) => void = () => undefined,
): Promise<Examined> {
  const outcome = await run(scenario, options);
  if (outcome.failure === undefined) return { outcome, shortest: undefined };
  let best = { faults: outcome.faults, outcome };
  const faults = await shrink(outcome.faults, async some => {
    const tried = await run(scenario, { ...options, faults: some });
    const same = tried.failure !== undefined && tried.kind === outcome.kind;
    if (same) {
      best = { faults: some, outcome: tried };
      progress(some.length);
    }
    return same;
  });
  return { outcome, shortest: { ...best, faults } };
}
