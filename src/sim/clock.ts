import { Chain, type Linked } from "#base/chain.ts";
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
    const next = timers.next;
    if (next === undefined || next > end) return false;
    rounds = next > elapsed ? 0 : rounds + 1;
    if (rounds > ROUNDS) {
      rounds = 0;
      throw new Error(`time cannot move on: after ${ROUNDS} rounds something still waits for no time at all`);
    }
    elapsed = next;
    // what these set for this same instant comes after all that they promise
    timers.runNext();
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

interface Timer extends Linked<Timer> {
  readonly run: () => void;
  /** The instant that it waits for; undefined: it has run, or was cancelled. */
  of: Instant | undefined;
}
/** All that falls due at one time, in the order in which it was set. */
interface Instant {
  readonly at: number;
  readonly timers: Chain<Timer>;
  /** Its place in the heap; -1: it has come, or nothing waits for it any more. */
  place: number;
}
/** A heap of instants: what beats in time, as a cluster's nodes do, shares one. */
class Timers {
  readonly #heap: Instant[] = [];
  readonly #byTime = new Map<number, Instant>();
  /** How many stand. */
  size = 0;

  /** When something falls due first. */
  get next(): number | undefined {
    return this.#heap[0]?.at;
  }
  add(at: number, run: () => void): Timer {
    const instant = this.#byTime.get(at) ?? this.#enter(at);
    const timer = { run, of: instant, earlier: undefined, later: undefined };
    instant.timers.append(timer);
    this.size++;
    return timer;
  }
  remove(timer: Timer): void {
    const { of } = timer;
    if (!of) return;
    timer.of = undefined;
    of.timers.remove(timer);
    if (!of.timers.first) this.#leave(of);
    this.size--;
  }
  /** Runs what falls due first, but what one of them cancels before its turn; what they set for the same time is an instant of its own. */
  runNext(): void {
    const instant = this.#heap[0]!;
    this.#leave(instant);
    for (let timer = instant.timers.first; timer; timer = instant.timers.first) {
      this.remove(timer);
      timer.run();
    }
  }
  #enter(at: number): Instant {
    const instant: Instant = { at, timers: new Chain(), place: this.#heap.length };
    this.#heap.push(instant);
    this.#byTime.set(at, instant);
    this.#up(instant);
    return instant;
  }
  #leave(instant: Instant): void {
    const { place, at } = instant;
    if (place < 0) return;
    instant.place = -1;
    this.#byTime.delete(at);
    const last = this.#heap.pop()!;
    if (last === instant) return;
    this.#heap[place] = last;
    last.place = place;
    this.#up(last);
    this.#down(last);
  }
  #up(instant: Instant): void {
    while (instant.place > 0) {
      const parent = this.#heap[(instant.place - 1) >> 1]!;
      if (parent.at <= instant.at) return;
      this.#swap(instant, parent);
    }
  }
  #down(instant: Instant): void {
    for (;;) {
      const left = 2 * instant.place + 1;
      let child = this.#heap[left];
      const right = this.#heap[left + 1];
      if (!child) return;
      if (right && right.at < child.at) child = right;
      if (instant.at <= child.at) return;
      this.#swap(child, instant);
    }
  }
  #swap(a: Instant, b: Instant): void {
    const { place } = a;
    this.#heap[b.place] = a;
    this.#heap[place] = b;
    a.place = b.place;
    b.place = place;
  }
}
