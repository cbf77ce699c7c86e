/** How a cluster's time passes: whoever moves it does so alone. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { VirtualClock } from "#sim/clock.ts";

/** What a cluster that is closed answers to whatever it is asked. */
export class Closed extends Error {}

/** Real milliseconds between two looks at real time. */
const FOLLOW = 20;

export interface TimeParts {
  readonly clock: VirtualClock;
  /** The time that people live in. */
  readonly real: Clock;
  /** Resolves when no promise has anything to do. */
  readonly rest: () => Promise<void>;
  readonly log: Log;
}
export class Time {
  /** What is to end before the cluster does. */
  readonly ends = new Set<() => void | Promise<void>>();
  /** Until the cluster is closed. */
  open = true;
  readonly #parts: TimeParts;
  #moving: Promise<unknown> = Promise.resolve();

  constructor(parts: TimeParts) {
    this.#parts = parts;
  }
  /** Throws when the cluster is closed. */
  check(): void {
    if (!this.open) throw new Closed("the cluster is closed");
  }
  /** Resolves when no promise has anything to do; rejects when the cluster is closed. */
  async rest(): Promise<void> {
    this.check();
    await this.#parts.rest();
  }
  /** Begins when all others that move time have ended. */
  async alone<T>(move: () => Promise<T>): Promise<T> {
    this.check();
    const mine = this.#moving.then(move);
    this.#moving = mine.catch(() => undefined);
    return mine;
  }
  /** Lets up to `ms` pass until `work` has ended; rejects with what `otherwise` says when that is too little. */
  async during<T>(work: Promise<T>, ms: number, otherwise: () => string): Promise<T> {
    const { clock, rest } = this.#parts;
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    const end = clock.monotonic() + ms;
    await rest();
    while (!over) if (!(await clock.step(end - clock.monotonic())) && !over) throw new Error(otherwise());
    return done;
  }
  /** Virtual time goes along with real time, `speed` times as fast, until the result is called. */
  follow(speed = 1): () => void {
    this.check();
    if (!(speed > 0)) throw new Error(`speed: more than 0, not ${speed}`);
    const { clock, real, log } = this.#parts;
    const ending = new AbortController();
    const stop = () => {
      ending.abort();
      this.ends.delete(stop);
    };
    this.ends.add(stop);
    const go = async () => {
      for (let last = real.monotonic(); !ending.signal.aborted; ) {
        await real.sleep(FOLLOW, ending.signal);
        const now = real.monotonic();
        await this.alone(() => clock.advance((now - last) * speed));
        last = now;
      }
    };
    go().catch(error => {
      if (!ending.signal.aborted) log.error("virtual time stands still", { error: String(error) });
    });
    return stop;
  }
  /** Nobody moves it any more but who closes the cluster. */
  async end(): Promise<void> {
    this.open = false;
    for (const end of this.ends) await end();
    await this.#moving;
  }
}
