/** Lets faults happen at their times. */
import { seededChance } from "#base/chance.ts";
import { durationOf } from "#base/duration.ts";
import { RETRY } from "#client/queue.ts";
import { type Fault, faultKinds } from "./all.ts";
import type { World } from "./fault.ts";

export interface Injector {
  add(faults: readonly Fault[]): void;
  /** All that were added, in that order. */
  readonly faults: readonly Fault[];
  /** Those that are to come, or go on. */
  readonly pending: number;
  /** Until when, in virtual milliseconds, somebody may still wait to try again what a fault kept it from: back-offs double, so no longer than it lasted. */
  readonly aftermath: number;
  /** What has begun and ended, in order. */
  readonly log: readonly { readonly at: number; readonly what: "begins" | "ends"; readonly fault: Fault }[];
}
/** Each fault draws from a chance of its own, so that one that is left out changes nothing about the others. */
export function injector(world: World, seed: number): Injector {
  const faults: Fault[] = [];
  const log: { at: number; what: "begins" | "ends"; fault: Fault }[] = [];
  let pending = 0;
  let aftermath = 0;
  return {
    faults,
    log,
    get pending() {
      return pending;
    },
    get aftermath() {
      return aftermath;
    },
    add(more) {
      for (const fault of more) {
        const kind = faultKinds.find(k => k.name === fault.fault);
        if (!kind) throw new Error(`fault: no kind is called "${fault.fault}"`);
        const at = durationOf("at", fault.at ?? 0);
        const lasts = fault.for === undefined ? undefined : durationOf("for", fault.for);
        faults.push(fault);
        pending++;
        world.clock.after(at, () => {
          log.push({ at: world.clock.now(), what: "begins", fault });
          const end = kind.begin(fault, world, seededChance(seed ^ hashOf(JSON.stringify(fault))));
          if (lasts === undefined) {
            pending--;
            return;
          }
          world.clock.after(lasts, () => {
            end();
            pending--;
            const now = world.clock.now();
            aftermath = Math.max(aftermath, now + Math.max(kind.lingers ?? 0, Math.min(lasts, RETRY.most)));
            log.push({ at: now, what: "ends", fault });
          });
        });
      }
    },
  };
}
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  return h >>> 0;
}
