import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

/** A disk that takes so many milliseconds, and how many writes are waited for in place. */
function disk(ms: (i: number) => number) {
  let begun = () => {};
  let now = 0;
  let writes = 0;
  const pace = new Pace(next => {
    begun = next;
  });
  return {
    turn: () => begun(),
    write(count: number): number {
      let waited = 0;
      for (let i = 0; i < count; i++) {
        const quick = pace.isQuick(now);
        const took = ms(writes++);
        now += took;
        if (!quick) continue;
        pace.took(took);
        waited++;
      }
      return waited;
    },
  };
}
test("a quick disk is waited for in place", () => {
  const { write, turn } = disk(() => 2.5);
  for (let i = 0; i < 1000; i++) {
    assert.equal(write(1), 1);
    turn();
  }
});
test("one who writes in a loop gives way after some milliseconds", () => {
  const { write, turn } = disk(() => 0.25);
  assert.equal(write(1000), 40);
  turn();
  assert.equal(write(1000), 40);
});
test("a slow disk is tried now and then", () => {
  const { write, turn } = disk(() => 8);
  let tried = 0;
  for (let i = 0; i < 10_000; i++) {
    tried += write(1);
    turn();
  }
  assert.ok(tried > 30 && tried < 500, `${tried} times`);
});
test("one with a spell is left alone for a while", () => {
  const { write, turn } = disk(i => (i === 500 ? 30 : 0.2));
  let waited = 0;
  for (let i = 0; i < 1000; i++) {
    waited += write(1);
    turn();
  }
  assert.equal(waited, 1000 - 256);
});
