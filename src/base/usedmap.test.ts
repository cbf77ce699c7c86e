import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { UsedMap } from "#base/usedmap.ts";

test("a used map knows what was used longest ago", () => {
  const map = new UsedMap<string, number>();
  assert.equal(map.oldest, undefined);
  for (const [i, key] of ["a", "b", "c"].entries()) map.set(key, i);
  assert.equal(map.oldest, "a");
  assert.equal(map.get("a"), 0);
  assert.equal(map.peek("b"), 1);
  assert.equal(map.oldest, "b");
  map.set("b", 7);
  assert.equal(map.oldest, "c");
  map.delete("c");
  map.delete("c");
  assert.deepEqual([map.oldest, map.size], ["a", 2]);
  assert.equal(map.get("b"), 7);
  map.delete("a");
  map.delete("b");
  assert.deepEqual([map.oldest, map.size], [undefined, 0]);
  map.set("d", 1);
  map.clear();
  map.set("e", 2);
  assert.deepEqual([map.oldest, map.size, map.get("d")], ["e", 1, undefined]);
});

test("use leaves nothing behind", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const map = new UsedMap<number, number>();
  for (let i = 0; i < 700; i++) map.set(i, i);
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  for (let i = 0; i < 300_000; i++) {
    map.get(i % 700);
    if (i % 3 === 0) map.set(i % 700, i);
  }
  assert.ok(heap() - before < 2 ** 20, "what was used and replaced is gone");
  assert.equal(map.size, 700);
});
