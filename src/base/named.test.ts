import assert from "node:assert/strict";
import { test } from "node:test";
import { Named } from "#base/named.ts";

test("what is kept is found by its texts, each by itself", () => {
  const named = new Named<number>(10);
  const [pods, nodes] = [{}, {}];
  named.set(pods, "a", "b/c", 1);
  named.set(pods, "a/b", "c", 2);
  named.set(pods, "a", undefined, 3);
  named.set(pods, "a", "", 4);
  named.set(nodes, "", "b/c", 5);
  assert.deepEqual([named.get(pods, "a", "b/c"), named.get(pods, "a/b", "c"), named.get(pods, "a", undefined)], [1, 2, 3]);
  assert.deepEqual([named.get(pods, "a", ""), named.get(nodes, "", "b/c"), named.get(nodes, "a", "b/c")], [4, 5, undefined]);
});

test("when so many are kept it begins anew; one that is kept again is no more than one", () => {
  const named = new Named<number>(2);
  const kind = {};
  named.set(kind, "", "a", 1);
  named.set(kind, "", "a", 2);
  named.set(kind, "", "b", 3);
  assert.deepEqual([named.get(kind, "", "a"), named.get(kind, "", "b")], [2, 3]);
  named.set(kind, "", "c", 4);
  assert.deepEqual([named.get(kind, "", "a"), named.get(kind, "", "b"), named.get(kind, "", "c")], [undefined, undefined, 4]);
});
