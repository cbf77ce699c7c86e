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
/** Nothing is; `changed` is called when the machine runs short of something, and when it does no more. */
export function well(changed: () => void = () => undefined): Ailments {
  return new Counted(changed);
}
class Counted implements Ailments {
  readonly #changed: () => void;
  readonly #short = { memory: false, disk: false, pids: false };
  ahead = 0;
  pullTakes = 0;
  pullFails: string | undefined = undefined;
  probesFail: string | undefined = undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }
  get memory(): boolean {
    return this.#short.memory;
  }
  set memory(is: boolean) {
    this.#set("memory", is);
  }
  get disk(): boolean {
    return this.#short.disk;
  }
  set disk(is: boolean) {
    this.#set("disk", is);
  }
  get pids(): boolean {
    return this.#short.pids;
  }
  set pids(is: boolean) {
    this.#set("pids", is);
  }
  #set(of: "memory" | "disk" | "pids", is: boolean): void {
    this.#short[of] = is;
    this.#changed();
  }
}

/** The clock of a machine whose wall shows another time; how long things last is the same everywhere. */
export function skewed(clock: Clock, ailments: Ailments): Clock {
  return { now: () => clock.now() + ailments.ahead, monotonic: clock.monotonic, after: clock.after, sleep: clock.sleep };
}
