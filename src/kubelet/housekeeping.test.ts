import assert from "node:assert/strict";
import { test } from "node:test";
import { keepHouse, MINUTE } from "#kubelet/housekeeping.ts";
import { virtualClock } from "#sim/clock.ts";

test("chores are done when they fall due; one that lasts is not begun again, and one that fails is", async () => {
  const clock = virtualClock();
  const ending = new AbortController();
  const done: string[] = [];
  const failed: string[] = [];
  const note = (what: string) => void done.push(`${what} ${clock.monotonic() / 1000}`);
  let release = () => {};
  const house = keepHouse(
    [
      { turns: 1, run: () => note("each") },
      { turns: MINUTE, run: async () => note("minute") },
      {
        turns: 2,
        run: async () => {
          note("long");
          await new Promise<void>(resolve => {
            release = resolve;
          });
        },
      },
      {
        turns: 3,
        run: () => {
          throw new Error("at once");
        },
      },
      { turns: 3, run: () => Promise.reject(new Error("later")) },
    ],
    { clock, failed: error => failed.push((error as Error).message) },
    ending.signal,
  );
  await clock.advance(61_000);
  assert.deepEqual(done, ["each 10", "each 20", "long 20", "each 30", "each 40", "each 50", "each 60", "minute 60"]);
  assert.deepEqual(failed, ["at once", "later", "at once", "later"]);
  assert.equal(clock.pending, 1);
  release();
  await clock.advance(20_000);
  assert.deepEqual(done.slice(8), ["each 70", "each 80", "long 80"]);

  // it ends when what is under way has ended
  let over = false;
  house.then(() => {
    over = true;
  });
  ending.abort();
  await clock.advance(60_000);
  assert(!over);
  assert.equal(clock.pending, 0);
  release();
  await house;
  assert.equal(done.length, 11);
});
