import assert from "node:assert/strict";
import { test } from "node:test";
import { keepHouse, MINUTE, UNSURE, WHILE_STILL } from "#kubelet/housekeeping.ts";
import { virtualClock } from "#sim/clock.ts";

test("chores are done when they fall due; one that lasts is not begun again, and one that fails is", async () => {
  const clock = virtualClock();
  const ending = new AbortController();
  const done: string[] = [];
  const failed: string[] = [];
  const note = (what: string) => {
    done.push(`${what} ${clock.monotonic() / 1000}`);
    return UNSURE;
  };
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
          return UNSURE;
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
    { clock, stirs: () => 0, failed: error => failed.push((error as Error).message) },
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

test("a chore that has nothing to do rests until something stirs, or its time has come; where nobody counts it never does", async () => {
  const clock = virtualClock();
  const ending = new AbortController();
  let done: string[] = [];
  let stirred: number | undefined = 0;
  const note = (what: string) => done.push(`${what} ${clock.monotonic() / 1000}`);
  const failures = [new Error("once")];
  const house = keepHouse(
    [
      {
        turns: 1,
        run: () => {
          note("still");
          return WHILE_STILL;
        },
      },
      {
        turns: 1,
        run: async () => {
          note("timed");
          return clock.monotonic() + 25_000;
        },
      },
      {
        turns: 2,
        run: async () => {
          note("fails");
          const failure = failures.pop();
          if (failure) throw failure;
          return WHILE_STILL;
        },
      },
      {
        turns: 1,
        run: () => {
          // what it does itself is to be looked at, too
          if (stirred === 7) stirred = 8;
          return WHILE_STILL;
        },
      },
    ],
    { clock, stirs: () => stirred, failed: () => undefined },
    ending.signal,
  );
  const during = async (ms: number) => {
    done = [];
    await clock.advance(ms);
    return done;
  };
  assert.deepEqual(await during(60_000), ["still 10", "timed 10", "fails 20", "timed 40", "fails 40"]);
  stirred = 1;
  assert.deepEqual(await during(20_000), ["still 70", "timed 70", "fails 80"]);
  stirred = 7;
  assert.deepEqual(await during(20_000), ["still 90", "timed 90", "still 100", "timed 100", "fails 100"]);
  assert.deepEqual(await during(20_000), []);
  stirred = undefined;
  assert.deepEqual(await during(20_000), ["still 130", "timed 130", "still 140", "timed 140", "fails 140"]);
  ending.abort();
  await house;
});
