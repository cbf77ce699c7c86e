/** Faults that a seed draws. */
import { seededChance } from "#base/chance.ts";
import { type Fault, type FaultName, faultKinds } from "./all.ts";
import { oneOf, type Scope } from "./fault.ts";

export interface Generation extends Scope {
  readonly seed: number;
  readonly count: number;
  /** They begin within so many milliseconds. */
  readonly within: number;
  /** Kinds to draw from; all when it is not said, but for those that must be named. */
  readonly kinds?: readonly FaultName[];
}
/** In order of their times. The same seed gives the same list. */
export function drawFaults({ seed, count, within, kinds, ...scope }: Generation): Fault[] {
  const chance = seededChance(seed ^ 0x5eed);
  const from = faultKinds.filter(k => (kinds ? kinds.includes(k.name) : !k.onlyNamed));
  const faults: (Fault & { at: number })[] = [];
  for (let i = 0; i < count; i++) {
    const at = Math.floor((chance.next() * within) / 100) * 100;
    const drawn = oneOf(chance, from)?.draw(chance, scope);
    if (drawn) faults.push({ at, ...drawn } as Fault & { at: number });
  }
  return faults.sort((a, b) => a.at - b.at);
}
