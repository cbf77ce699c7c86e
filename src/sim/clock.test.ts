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

test("timers run in order of time, then of creation; what an earlier one cancels does not run, and what one sets for now comes after all", async () => {
  const clock = virtualClock(0);
  const ran: string[] = [];
  const at = (ms: number, name: string, and?: () => void) =>
    clock.after(ms, () => {
      ran.push(`${name} ${clock.monotonic()}`);
      and?.();
    });
  at(20, "a");
  let cancelled = () => {};
  at(10, "b", () => {
    cancelled();
    at(0, "g");
  });
  at(30, "c")();
  cancelled = at(10, "d");
  at(10, "e");
  const once = at(5, "f", () => once());
  assert.equal(clock.pending, 5);
  await clock.advance(15);
  assert.deepEqual(ran, ["f 5", "b 10", "e 10", "g 10"]);
  cancelled();
  assert.equal(clock.pending, 1);
  assert.equal(await clock.step(100), true);
  assert.equal(ran.at(-1), "a 20");
  assert.equal(await clock.step(100), false);
  assert.equal(clock.pending, 0);
});
