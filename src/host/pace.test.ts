import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

/** How many of `count` writes are waited for in place, on a disk that takes so many milliseconds. */
function inPlace(pace: Pace, count: number, ms: (i: number) => number): number {
  let waited = 0;
  for (let i = 0; i < count; i++) {
    if (!pace.isQuick()) continue;
    pace.took(ms(i));
    waited++;
  }
  return waited;
}
test("a quick disk is waited for in place", () => {
  assert.equal(
    inPlace(new Pace(), 1000, () => 0.2),
    1000,
  );
  assert.equal(
    inPlace(new Pace(), 1000, () => 2.5),
    1000,
  );
});
test("a slow one is tried now and then", () => {
  const tried = inPlace(new Pace(), 10_000, () => 8);
  assert.ok(tried > 30 && tried < 500, `${tried} times`);
  assert.equal(
    inPlace(new Pace(), 2570, () => 40),
    10,
  );
});
test("one with a spell is left alone for a while", () => {
  const pace = new Pace();
  assert.equal(
    inPlace(pace, 1000, i => (i === 500 ? 30 : 0.2)),
    1000 - 256,
  );
  assert.equal(
    inPlace(pace, 100, () => 0.2),
    100,
  );
});
