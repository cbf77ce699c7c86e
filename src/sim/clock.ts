import type { Cancel, Clock } from "#base/clock.ts";

export interface VirtualClock extends Clock {
  /**
   * Moves time on by `ms`. Timers that fall due run in order, each at its own time, and what they and the caller have
   * promised is given time to settle before each instant and at the end.
   */
  advance(ms: number): Promise<void>;
  /** Moves time on to the next timer, if it falls due within `ms`, and runs what is due then; false: nothing falls due so soon. */
  step(ms: number): Promise<boolean>;
  /** Sets the wall clock, as an administrator would; the monotonic time is not touched. */
  setWall(now: number): void;
  /** Timers that stand. */
  readonly pending: number;
}
export interface VirtualClockOptions {
  /** What monotonic time begins with. */
  readonly elapsed?: number;
  /** Resolves when no promise has anything to do; by default some turns of the microtask queue are taken to be enough. */
  readonly rest?: () => Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly serial: number;
  readonly run: () => void;
  /** Its place in the heap; -1: it has run or was cancelled. */
  place: number;
}
/** Turns of the microtask queue given to promises before time moves. */
const TURNS = 50;
/** How often one instant may come up again before it is taken to have no end. */
const ROUNDS = 100_000;
async function someTurns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await undefined;
}

/** Time that stands still until it is advanced. Starts at `start` (milliseconds since 1970). */
export function virtualClock(start = Date.UTC(2026, 0, 1), options: VirtualClockOptions = {}): VirtualClock {
  const { rest = someTurns } = options;
  let elapsed = options.elapsed ?? 0;
  let wall = start - elapsed;
  const timers = new Timers();
  /** How often what falls due at the present instant has been run. */
  let rounds = 0;

  const after = (ms: number, run: () => void): Cancel => {
    const timer = timers.add(elapsed + Math.max(0, ms), run);
    return () => timers.remove(timer);
  };
  /** Runs all that is due at the next instant, which is `end` at the latest. */
  const runNext = (end: number): boolean => {
    const next = timers.first;
    if (!next || next.at > end) return false;
    rounds = next.at > elapsed ? 0 : rounds + 1;
    if (rounds > ROUNDS) {
      rounds = 0;
      throw new Error(`time cannot move on: after ${ROUNDS} rounds something still waits for no time at all`);
    }
    elapsed = Math.max(elapsed, next.at);
    // what these set for this same instant comes after all that they promise
    for (const timer of timers.takeDue(elapsed)) timer.run();
    return true;
  };

  return {
    // whole milliseconds, as every wall clock of a machine shows them
    now: () => Math.floor(wall + elapsed),
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
      await rest();
      while (runNext(end)) await rest();
      elapsed = end;
    },
    async step(ms) {
      await rest();
      const ran = runNext(elapsed + ms);
      if (ran) await rest();
      return ran;
    },
    setWall(now) {
      wall = now - elapsed;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** A heap of timers in order of time, then of creation. */
class Timers {
  readonly #heap: Timer[] = [];
  #serial = 0;
  get size(): number {
    return this.#heap.length;
  }
  get first(): Timer | undefined {
    return this.#heap[0];
  }
  add(at: number, run: () => void): Timer {
    const timer = { at, serial: this.#serial++, run, place: this.#heap.length };
    this.#heap.push(timer);
    this.#up(timer);
    return timer;
  }
  remove(timer: Timer): void {
    const { place } = timer;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop()!;
    if (last === timer) return;
    this.#heap[place] = last;
    last.place = place;
    this.#up(last);
    this.#down(last);
  }
  /** Those that are due at `now`, in order. One that an earlier one cancels is not among them any more. */
  *takeDue(now: number): Generator<Timer> {
    const until = this.#serial;
    for (let next = this.first; next && next.at <= now && next.serial < until; next = this.first) {
      this.remove(next);
      yield next;
    }
  }
  #up(timer: Timer): void {
    while (timer.place > 0) {
      const parent = this.#heap[(timer.place - 1) >> 1]!;
      if (!before(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }
  #down(timer: Timer): void {
    for (;;) {
      const left = 2 * timer.place + 1;
      let child = this.#heap[left];
      const right = this.#heap[left + 1];
      if (!child) return;
      if (right && before(right, child)) child = right;
      if (!before(child, timer)) return;
      this.#swap(child, timer);
    }
  }
  #swap(a: Timer, b: Timer): void {
    const { place } = a;
    this.#heap[b.place] = a;
    this.#heap[place] = b;
    a.place = b.place;
    b.place = place;
  }
}
const before = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.serial < b.serial);
