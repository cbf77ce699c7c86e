import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { soak } from "../support/soak.ts";

/** bench/soak.ts has hundreds. */
const KILLS = 12;

test("killed at any moment, the store on disk stays linearizable and loses nothing", { timeout: 180_000 }, async () => {
  const tally = await soak(KILLS, 150, seededChance(Date.now() & 0xffff));
  assert.deepEqual(tally.violations, []);
  assert.ok(tally.acknowledged > KILLS, `${tally.acknowledged} writes were acknowledged`);
});
