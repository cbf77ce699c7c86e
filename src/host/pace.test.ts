import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

const after = (...times: readonly (readonly [count: number, ms: number])[]) => {
  const pace = new Pace();
  for (const [count, ms] of times) for (let i = 0; i < count; i++) pace.took(ms);
  return pace.isQuick;
};
test("a disk is quick when it has been so for a while", () => {
  assert.equal(after(), false);
  assert.equal(after([10, 0.1]), false);
  assert.equal(after([100, 0.1]), true);
  assert.equal(after([1000, 1.5]), false);
  assert.equal(after([100, 0.1], [100, 1.5]), false);
});
test("one slow write is remembered", () => {
  assert.equal(after([100, 0.1], [1, 11], [900, 0.1]), false);
  assert.equal(after([100, 0.1], [1, 11], [1100, 0.1]), true);
});
