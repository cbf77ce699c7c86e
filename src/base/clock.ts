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
  let end: (() => void) | undefined;
  signal.addEventListener("abort", () => end?.(), { once: true });
  return ms =>
    new Promise(resolve => {
      if (signal.aborted) return resolve();
      const cancel = clock.after(ms, resolve);
      end = () => {
        cancel();
        resolve();
      };
    });
}
