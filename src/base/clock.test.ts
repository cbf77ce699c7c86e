import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadlines } from "#base/clock.ts";
import { virtualClock } from "#sim/clock.ts";

test("deadlines are missed in their order, each at its time; who is done in time misses none", async () => {
  const clock = virtualClock();
  const deadlines = new Deadlines(clock, 1000);
  const missed: [string, number][] = [];
  const miss = (name: string) => deadlines.set(() => missed.push([name, clock.monotonic()]));
  miss("a");
  const done = miss("b");
  await clock.advance(400);
  miss("c");
  done();
  await clock.advance(599);
  assert.deepEqual(missed, []);
  await clock.advance(1);
  assert.deepEqual(missed, [["a", 1000]]);
  await clock.advance(1000);
  assert.deepEqual(missed.slice(1), [["c", 1400]]);
  assert.equal(clock.pending, 0);
  miss("d");
  await clock.advance(1000);
  assert.deepEqual(missed.slice(2), [["d", 3000]]);
});
