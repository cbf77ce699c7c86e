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
