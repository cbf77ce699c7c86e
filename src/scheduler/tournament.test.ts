import assert from "node:assert/strict";
import test from "node:test";
import { seededChance } from "#base/chance.ts";
import { Tournament } from "#scheduler/tournament.ts";

test("the greatest, how many have it, and each of them, as a plain look says", () => {
  const chance = seededChance(1);
  const below = (n: number) => Math.floor(chance.next() * n);
  for (const size of [1, 2, 3, 7, 8, 9, 100]) {
    const plain = Array.from({ length: size }, () => below(5) - 1);
    const tournament = new Tournament(size, place => plain[place]!);
    for (let step = 0; step < 200; step++) {
      const best = Math.max(...plain);
      const ties = plain.flatMap((value, place) => (value === best ? [place] : []));
      assert.equal(tournament.best, best);
      assert.equal(tournament.ties, ties.length);
      assert.deepEqual(
        ties.map((_, skip) => tournament.nth(skip)),
        ties,
      );
      const place = below(size);
      plain[place] = below(5) - 1;
      tournament.set(place, plain[place]!);
    }
  }
});
