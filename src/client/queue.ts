/**
 * A loop's queue of keys. A key waits at most once, is worked on by one worker at a time, and one that is added while it is
 * worked on waits again afterwards. Delays run by the clock; retries back off per key as upstream's do (5 ms, doubled, at most 1000 s).
 */
import { assert } from "#base/assert.ts";
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";

/** Milliseconds. */
export const RETRY = { first: 5, most: 1_000_000 };

export class Queue {
  readonly #clock: Clock;
  readonly #ready: () => void;
  /** In the order of arrival; a Set keeps it and refuses doubles. */
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  /** Added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: Cancel }>();
  readonly #failures = new Map<string, number>();

  /** `ready` is called whenever a key can be taken. */
  constructor(clock: Clock, ready: () => void) {
    this.#clock = clock;
    this.#ready = ready;
  }
  /** Keys that wait, without delayed ones. */
  get depth(): number {
    return this.#waiting.size;
  }
  get working(): number {
    return this.#working.size;
  }
  add(key: string): void {
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    assert(this.#waiting.size < limits.queueKeys, "a queue stays within its limit");
    this.#waiting.add(key);
    this.#ready();
  }
  /** Adds the key in `ms`, or earlier if it is due earlier already. */
  addAfter(key: string, ms: number): void {
    const at = this.#clock.monotonic() + Math.max(0, ms);
    const known = this.#delayed.get(key);
    if (known) {
      if (known.at <= at) return;
      known.cancel();
    }
    const cancel = this.#clock.after(Math.max(0, ms), () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }
  /** Adds the key again after its back-off, which grows with each call until `forget`. */
  retry(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(RETRY.most, RETRY.first * 2 ** Math.min(failures, 30)));
  }
  /** The key did well: its next retry starts from the shortest delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
  /** The key to work on next. A delayed return of it is dropped: who works on it says anew when it is to come back. */
  take(): string | undefined {
    const [key] = this.#waiting;
    if (key === undefined) return undefined;
    this.#waiting.delete(key);
    this.#working.add(key);
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
    return key;
  }
  /** Ends the work on a taken key. */
  done(key: string): void {
    assert(this.#working.delete(key), "only a key that was taken can be done");
    if (this.#again.delete(key)) this.add(key);
  }
  /** Forgets everything that waits. */
  clear(): void {
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
  }
}
