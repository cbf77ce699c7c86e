import { Chain, type Linked } from "#base/chain.ts";

/** Time as a parameter. The real clock lives in host/clock.ts, a virtual one in sim/clock.ts. */
export interface Clock {
  /** Milliseconds since 1970, as the wall shows them; may jump. */
  now(): number;
  /** Milliseconds since some start; never goes back. For durations. */
  monotonic(): number;
  /** Calls `run` once after `ms`; the result cancels it. The timer never keeps the process alive by itself. */
  after(ms: number, run: () => void): Cancel;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
export type Cancel = () => void;

/** The pauses of a loop: each ends after its time, or at once when the signal is aborted. One listener at the signal serves them all. */
export function pauses(clock: Clock, signal: AbortSignal): (ms: number) => Promise<void> {
  let cancel: Cancel | undefined;
  let end: (() => void) | undefined;
  const stop = () => {
    cancel?.();
    end?.();
  };
  signal.addEventListener("abort", stop, { once: true });
  return ms =>
    new Promise(resolve => {
      if (signal.aborted) return resolve();
      end = resolve;
      cancel = clock.after(ms, resolve);
    });
}

interface Deadline extends Linked<Deadline> {
  readonly at: number;
  /** Undefined: it is over. */
  missed: (() => void) | undefined;
}
/** Deadlines that are all equally far away, and of which hardly any is reached: one timer serves them all. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #ms: number;
  /** In the order in which they fall due. */
  readonly #set = new Chain<Deadline>();
  #armed = false;
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }
  /** Calls `missed` after the time of them all, unless it is cancelled before. */
  set(missed: () => void): Cancel {
    const deadline: Deadline = { at: this.#clock.monotonic() + this.#ms, missed, earlier: undefined, later: undefined };
    this.#set.append(deadline);
    if (!this.#armed) this.#arm(this.#ms);
    return () => void this.#over(deadline);
  }
  #over(deadline: Deadline): (() => void) | undefined {
    const { missed } = deadline;
    if (!missed) return undefined;
    deadline.missed = undefined;
    this.#set.remove(deadline);
    return missed;
  }
  #arm(ms: number): void {
    this.#armed = true;
    this.#clock.after(ms, () => {
      this.#armed = false;
      for (let next = this.#set.first; next; next = this.#set.first) {
        const left = next.at - this.#clock.monotonic();
        if (left > 0) return this.#arm(left);
        this.#over(next)?.();
      }
    });
  }
}
