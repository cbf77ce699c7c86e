import type { Cancel, Clock } from "#base/clock.ts";

export interface VirtualClock extends Clock {
  /**
   * Moves time on by `ms`. Timers that fall due run in order, each at its own time, and what they and the caller have
   * promised is given turns to settle before each and at the end.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as an administrator would; the monotonic time is not touched. */
  setWall(now: number): void;
  /** Timers that stand. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}
/** Turns of the microtask queue given to promises before time moves. */
const TURNS = 50;

/** Time that stands still until it is advanced. Starts at `start` (milliseconds since 1970). */
export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let elapsed = 0;
  let wall = start;
  // In order of time, then of creation.
  const timers: Timer[] = [];

  const after = (ms: number, run: () => void): Cancel => {
    const timer = { at: elapsed + Math.max(0, ms), run };
    let place = timers.length;
    while (place > 0 && timers[place - 1]!.at > timer.at) place--;
    timers.splice(place, 0, timer);
    return () => {
      const at = timers.indexOf(timer);
      if (at >= 0) timers.splice(at, 1);
    };
  };
  const settle = async () => {
    for (let i = 0; i < TURNS; i++) await undefined;
  };

  return {
    now: () => wall + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const aborted = () => {
          cancel();
          reject(signal!.reason);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener("abort", aborted);
          resolve();
        });
        signal?.addEventListener("abort", aborted, { once: true });
      }),
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (let next = timers[0]; next && next.at <= end; next = timers[0]) {
        timers.shift();
        elapsed = next.at;
        next.run();
        await settle();
      }
      elapsed = end;
    },
    setWall(now) {
      wall = now - elapsed;
    },
    get pending() {
      return timers.length;
    },
  };
}
