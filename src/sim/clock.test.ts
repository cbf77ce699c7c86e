import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "#sim/clock.ts";

test("a loop that waits for no time at all is said, not followed for ever", async () => {
  const clock = virtualClock(0, { rest: () => Promise.resolve() });
  let goes = true;
  const loop = () => {
    if (goes) clock.after(0, loop);
  };
  loop();
  await assert.rejects(clock.advance(1000), /time cannot move on/);
  goes = false;
  await clock.advance(1000);
  // many waits at one instant are fine when they come to an end, and time that moves begins the count anew
  let left = 50_000;
  const finite = () => {
    if (left-- > 0) clock.after(left % 1000 === 0 ? 1 : 0, finite);
  };
  finite();
  await clock.advance(1000);
  assert.equal(left, -1);
});

test("the wall clock shows whole milliseconds, however little time passes", async () => {
  const clock = virtualClock(0);
  await clock.advance(0.75);
  assert.equal(clock.now(), 0);
  await clock.advance(0.75);
  assert.equal(clock.now(), 1);
  assert.equal(clock.monotonic(), 1.5);
});
