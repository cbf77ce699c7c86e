/** Every scenario with a hundred seeds, each with what that seed lets go wrong; and twice with one of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenarios } from "#scenarios/all.ts";
import { run } from "#scenarios/run.ts";

const SEEDS = 100;

for (const scenario of scenarios) {
  test(`${scenario.name}: ${scenario.says}`, async () => {
    for (let seed = 1; seed <= (scenario.seeds ?? SEEDS); seed++) {
      const { failure } = await run(scenario, { seed });
      assert.equal(failure, undefined, `cox sim --scenario ${scenario.name} --seed ${seed}`);
    }
  });
  test(`${scenario.name}: the same seed gives the same history, byte for byte`, async () => {
    const [one, other] = [await run(scenario, { seed: 1 }), await run(scenario, { seed: 1 })];
    assert.equal(JSON.stringify(one.history), JSON.stringify(other.history));
  });
}
