import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { freeze, thawedArrays } from "#base/plain.ts";

const anyFrozenArray = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  ((Array.isArray(value) && Object.isFrozen(value)) || Object.values(value).some(anyFrozenArray));

test("a value without its frozen arrays says the same, and what held none is shared", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const value = { one: freeze(one), other: [other], none: freeze({ a: { b: 1 } }) };
      const thawed = thawedArrays(value);
      assert.equal(JSON.stringify(thawed), JSON.stringify(value));
      assert.ok(!anyFrozenArray(thawed));
      assert.equal(thawed.none, value.none);
    }),
  );
});
