/** Lets faults happen at their times. */
import { seededChance } from "#base/chance.ts";
import { durationOf } from "#base/duration.ts";
import { RETRY } from "#client/queue.ts";
import { type Fault, faultKinds } from "./all.ts";
import type { World } from "./fault.ts";
import { problemIn } from "./fields.ts";

export interface Injector {
  add(faults: readonly Fault[]): void;
  /** All that were added, in that order. */
  readonly faults: readonly Fault[];
  /** Those that are to come, or go on. */
  readonly pending: number;
  /** What of them is still to be, as faults that begin now. */
  left(): readonly Fault[];
  /** Until when, in virtual milliseconds, somebody may still wait to try again what a fault kept it from: back-offs double, so no longer than it lasted. */
  readonly aftermath: number;
  /** What has begun and ended, in order. */
  readonly log: readonly { readonly at: number; readonly what: "begins" | "ends"; readonly fault: Fault }[];
}
interface Course {
  readonly fault: Fault;
  /** In virtual milliseconds since the clock began; without an end it lasts. */
  readonly begins: number;
  readonly ends: number | undefined;
  begun: boolean;
}
/** Each fault draws from a chance of its own, so that one that is left out changes nothing about the others. */
export function injector(world: World, seed: number): Injector {
  const faults: Fault[] = [];
  const log: { at: number; what: "begins" | "ends"; fault: Fault }[] = [];
  /** Those that are to come, or go on. */
  const open = new Set<Course>();
  let aftermath = 0;
  /** Throws one sentence that names the fault's place in the list, and its field. */
  const checked = (fault: Fault, place: number) => {
    const kind = faultKinds.find(k => k.name === fault?.fault);
    const kinds = faultKinds.map(k => k.name).join(", ");
    if (!kind) throw new Error(`faults[${place}].fault: one of ${kinds}, not ${JSON.stringify(fault?.fault)}`);
    const wrong = problemIn(fault, kind.fields, world);
    if (wrong !== undefined) throw new Error(`faults[${place}].${wrong}`);
    const problem = kind.problem?.(fault, world);
    if (problem !== undefined) throw new Error(`faults[${place}]: ${problem}`);
    return { fault, kind };
  };
  return {
    faults,
    log,
    get pending() {
      return [...open].filter(one => !one.begun || one.ends !== undefined).length;
    },
    left() {
      const now = world.clock.monotonic();
      return [...open].map(({ fault, begins, ends }) => ({
        ...fault,
        at: Math.max(0, begins - now),
        ...(ends !== undefined && { for: ends - Math.max(now, begins) }),
      }));
    },
    get aftermath() {
      return aftermath;
    },
    add(more) {
      // all are looked at before any of them counts
      for (const { fault, kind } of more.map(checked)) {
        const at = durationOf("at", fault.at ?? 0);
        const lasts = fault.for === undefined ? undefined : durationOf("for", fault.for);
        faults.push(fault);
        const begins = world.clock.monotonic() + at;
        const one: Course = { fault, begins, ends: lasts === undefined ? undefined : begins + lasts, begun: false };
        open.add(one);
        const begin = () => {
          log.push({ at: world.clock.now(), what: "begins", fault });
          const end = kind.begin(fault, world, seededChance(seed ^ hashOf(JSON.stringify(fault))));
          one.begun = true;
          if (kind.atOnce) open.delete(one);
          if (lasts === undefined) return;
          world.clock.after(lasts, () => {
            end();
            open.delete(one);
            const now = world.clock.now();
            aftermath = Math.max(aftermath, now + Math.max(kind.lingers ?? 0, Math.min(lasts, RETRY.most)));
            log.push({ at: now, what: "ends", fault });
          });
        };
        if (at > 0) world.clock.after(at, begin);
        else begin();
      }
    },
  };
}
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  return h >>> 0;
}
