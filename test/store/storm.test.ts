import assert from "node:assert/strict";
import { test } from "node:test";
import { storm } from "../support/storm.ts";

/** bench/soak.ts runs thousands. */
const SEEDS = 200;

test("whatever the disk does, the embedded store stays linearizable and loses nothing", { timeout: 300_000 }, async () => {
  const struck = new Set<string>();
  let acknowledged = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const tally = await storm(seed);
    assert.deepEqual(tally.violations, [], `seed ${seed}: ${tally.faults.join(", ")}`);
    for (const fault of tally.faults) struck.add(fault);
    acknowledged += tally.acknowledged;
  }
  assert.deepEqual([...struck].sort(), ["a failed sync", "a full disk", "a power loss", "a slow disk", "none"]);
  assert.ok(acknowledged > SEEDS * 50, `${acknowledged} writes were acknowledged`);
});

// A segment began with a revision for which a place in the segment before was found: the watch never came further.
test("a watch that goes on at the first revision of a segment comes to its end", async () => {
  assert.deepEqual((await storm(1205)).violations, []);
});
