import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { SortedMap } from "./sorted.ts";

test("keys that come in order, in several places at once, and by chance, and that go again, stay in order", () => {
  const chance = seededChance(7);
  const map = new SortedMap<number>();
  const there = new Map<string, number>();
  const places = ["a", "m", "z"];
  for (let n = 0; n < 8000; n++) {
    const place = places[Math.floor(chance.next() * 3)]!;
    const key = n % 4 === 0 ? `${place}${chance.next()}` : `${place}/${String(n).padStart(5, "0")}`;
    map.set(key, n);
    there.set(key, n);
    if (n % 5 !== 0) continue;
    const gone = [...there.keys()][Math.floor(chance.next() * Math.min(50, there.size))]!;
    assert.equal(map.delete(gone), there.delete(gone));
  }
  const expected = [...there].sort(([a], [b]) => (a < b ? -1 : 1));
  const walked: [string, number][] = [];
  map.walk("", "\uffff", (key, value) => {
    walked.push([key, value]);
    return true;
  });
  assert.deepEqual(walked, expected);
  for (const [from, to] of [
    ["", "m"],
    ["a/02", "m/05"],
    ["z", "\uffff"],
    ["n", "o"],
  ] as const) {
    assert.equal(map.count(from, to), expected.filter(([key]) => key >= from && key < to).length);
    assert.equal(map.ceiling(from), expected.find(([key]) => key >= from)?.[0]);
  }
});
