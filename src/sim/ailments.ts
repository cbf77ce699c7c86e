/** What is wrong with a simulated machine, as faults set it and its ports show it. */
import type { Clock } from "#base/clock.ts";

export interface Ailments {
  /** The node is short of it. */
  memory: boolean;
  disk: boolean;
  pids: boolean;
  /** Milliseconds by which its wall clock is ahead; negative: behind. */
  ahead: number;
  /** Milliseconds that pulling an image takes. */
  pullTakes: number;
  /** Why no image can be pulled. */
  pullFails: string | undefined;
  /** Why no probe of a pod by this node succeeds. */
  probesFail: string | undefined;
}
export const well = (): Ailments => ({
  memory: false,
  disk: false,
  pids: false,
  ahead: 0,
  pullTakes: 0,
  pullFails: undefined,
  probesFail: undefined,
});

/** Whether the node is short of something by a fault. */
export const isShort = ({ memory, disk, pids }: Ailments): boolean => memory || disk || pids;

/** The clock of a machine whose wall shows another time; how long things last is the same everywhere. */
export function skewed(clock: Clock, ailments: Ailments): Clock {
  return { now: () => clock.now() + ailments.ahead, monotonic: clock.monotonic, after: clock.after, sleep: clock.sleep };
}
