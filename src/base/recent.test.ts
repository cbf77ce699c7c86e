import assert from "node:assert/strict";
import test from "node:test";
import { seededChance } from "#base/chance.ts";
import { Recent } from "#base/recent.ts";

test("what was used longest ago is forgotten, in whatever order it is asked for", () => {
  const chance = seededChance(1);
  for (const most of [1, 2, 7, 20]) {
    const recent = new Recent<number>(most);
    /** The newest last. */
    let plain: string[] = [];
    for (let step = 0; step < 500; step++) {
      const key = `k${Math.floor(chance.next() * 25)}`;
      let made = false;
      recent.get(key, () => {
        made = true;
        return step;
      });
      assert.equal(made, !plain.includes(key), `${most} are kept, step ${step}`);
      plain = [...plain.filter(k => k !== key), key].slice(-most);
      if (step % 100 === 99) {
        recent.clear();
        plain = [];
      }
    }
  }
});
