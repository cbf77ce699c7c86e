/** Every scenario twice with one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenarios } from "#scenarios/all.ts";
import { run } from "#scenarios/run.ts";

for (const scenario of scenarios)
  test(`${scenario.name}: the same seed gives the same history, byte for byte`, async () => {
    const [one, other] = [await run(scenario, { seed: 1 }), await run(scenario, { seed: 1 })];
    assert.equal(JSON.stringify(one.history), JSON.stringify(other.history));
  });
