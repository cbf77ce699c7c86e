import assert from "node:assert/strict";
import { test } from "node:test";
import { type Soon, soon, together } from "#base/soon.ts";

const plus = (n: number): Soon<number> => n + 1;
test("what is there is gone on with at once, what is promised when it comes", async () => {
  assert.equal(soon(1, plus), 2);
  const later = soon(Promise.resolve(1), plus);
  assert(later instanceof Promise);
  assert.equal(await later, 2);
  assert.deepEqual(together([1, "a"]), [1, "a"]);
  const all = together([1, Promise.resolve("a")]);
  assert(all instanceof Promise);
  assert.deepEqual(await all, [1, "a"]);
});
test("of promises one that fails fails all, and none is left unheard", async () => {
  const failing = () => Promise.reject(new Error("no"));
  await assert.rejects(async () => together([failing(), failing()]), /no/);
  await assert.rejects(async () => soon(failing(), plus), /no/);
});
