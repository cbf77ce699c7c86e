/**
 * Faults, many times: `node bench/soak.ts [seeds] [kills]` (2000 and 300, some ten minutes). Each seed is the embedded store on a
 * simulated disk that loses power, tears writes, is full, slow, fails to sync, under clocks that jump; each kill is a SIGKILL of a
 * process that has written to this machine's disk for up to a second. Ends with 1 when anything that was acknowledged is lost or was untrue.
 */
import { seededChance } from "#base/chance.ts";
import { soak } from "../test/support/soak.ts";
import { storm } from "../test/support/storm.ts";

const seeds = Number(process.argv[2] ?? 2000);
const kills = Number(process.argv[3] ?? 300);
const LIFE_MS = 1000;
const BLOCK = 25;

const sum = { starts: 0, acknowledged: 0, unknown: 0 };
const struck = new Map<string, number>();
let wrong = 0;
for (let seed = 1; seed <= seeds; seed++) {
  const tally = await storm(seed);
  sum.starts += tally.starts;
  sum.acknowledged += tally.acknowledged;
  sum.unknown += tally.unknown;
  for (const fault of tally.faults) struck.set(fault, (struck.get(fault) ?? 0) + 1);
  wrong += tally.violations.length;
  for (const violation of tally.violations) console.log(`seed ${seed}: ${violation}`);
}
console.log(
  `${seeds} seeds, ${sum.starts} starts: ${sum.acknowledged} writes acknowledged, ${sum.unknown} left open by a fault, ${wrong} violations`,
);
console.log([...struck].map(([fault, n]) => `${n} times ${fault}`).join(", "));

let acknowledged = 0;
let unknown = 0;
let lost = 0;
for (let done = 0; done < kills; done += BLOCK) {
  const tally = await soak(Math.min(BLOCK, kills - done), LIFE_MS, seededChance(done + 1));
  acknowledged += tally.acknowledged;
  unknown += tally.unknown;
  lost += tally.violations.length;
  for (const violation of tally.violations) console.log(violation);
}
console.log(`${kills} kills: ${acknowledged} writes acknowledged, ${unknown} in flight, ${lost} violations`);
process.exitCode = wrong + lost > 0 ? 1 : 0;
