/**
 * Pods that wait for a node: active ones by priority and arrival; ones that back off after a failure (1 s, doubled, at most
 * 10 s); and ones for which no node will do until something in the cluster changes (tried anew after five minutes in any case).
 */
import type { Cancel, Clock } from "#base/clock.ts";

const BACKOFF = { first: 1000, most: 10_000 };
const UNSCHEDULABLE_MS = 5 * 60_000;

interface Waiting {
  readonly key: string;
  readonly priority: number;
  /** Order of arrival. */
  readonly order: number;
  attempts: number;
  /** Monotonic milliseconds before which it is not tried again. */
  notBefore: number;
  state: "active" | "backoff" | "unschedulable" | "popped";
  /** Something changed while it was being decided: try again rather than park. */
  moved: boolean;
  timer: Cancel | undefined;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #ready: () => void;
  readonly #all = new Map<string, Waiting>();
  #arrivals = 0;

  /** `ready` is called whenever a pod can be popped. */
  constructor(clock: Clock, ready: () => void) {
    this.#clock = clock;
    this.#ready = ready;
  }
  /** A pod that has no node yet, or that changed in a way that may make it fit. */
  add(key: string, priority: number): void {
    const known = this.#all.get(key);
    if (known?.priority === priority) {
      if (known.state === "popped") known.moved = true;
      else this.#activate(known, true);
      return;
    }
    known?.timer?.();
    const waiting: Waiting = {
      key,
      priority,
      order: this.#arrivals++,
      attempts: 0,
      notBefore: 0,
      state: "active",
      moved: false,
      timer: undefined,
    };
    this.#all.set(key, waiting);
    this.#ready();
  }
  /** It has a node, or is gone. */
  remove(key: string): void {
    this.#all.get(key)?.timer?.();
    this.#all.delete(key);
  }
  /** The next pod: highest priority, then earliest. */
  pop(): string | undefined {
    let best: Waiting | undefined;
    for (const w of this.#all.values()) {
      if (w.state !== "active") continue;
      if (!best || w.priority > best.priority || (w.priority === best.priority && w.order < best.order)) best = w;
    }
    if (!best) return undefined;
    best.state = "popped";
    best.moved = false;
    best.attempts++;
    return best.key;
  }
  /** No node will do now. */
  park(key: string): void {
    const waiting = this.#all.get(key);
    if (waiting?.state !== "popped") return;
    this.#backOff(waiting);
    if (waiting.moved) return this.#activate(waiting, false);
    waiting.state = "unschedulable";
    waiting.timer = this.#clock.after(UNSCHEDULABLE_MS, () => this.#activate(waiting, false));
  }
  /** The attempt failed for another reason (a lost write): again after the back-off. */
  retry(key: string): void {
    const waiting = this.#all.get(key);
    if (waiting?.state !== "popped") return;
    this.#backOff(waiting);
    this.#activate(waiting, false);
  }
  /** Something changed in the cluster that may make parked pods fit. */
  wake(): void {
    for (const waiting of this.#all.values()) {
      if (waiting.state === "popped") waiting.moved = true;
      else if (waiting.state === "unschedulable") this.#activate(waiting, false);
    }
  }
  get counts(): { active: number; backoff: number; unschedulable: number } {
    const counts = { active: 0, backoff: 0, unschedulable: 0 };
    for (const { state } of this.#all.values()) if (state !== "popped") counts[state]++;
    return counts;
  }

  #backOff(waiting: Waiting): void {
    const ms = Math.min(BACKOFF.most, BACKOFF.first * 2 ** Math.min(10, waiting.attempts - 1));
    waiting.notBefore = this.#clock.monotonic() + ms;
  }
  #activate(waiting: Waiting, atOnce: boolean): void {
    waiting.timer?.();
    waiting.timer = undefined;
    const wait = atOnce ? 0 : waiting.notBefore - this.#clock.monotonic();
    if (wait <= 0) {
      waiting.state = "active";
      this.#ready();
      return;
    }
    waiting.state = "backoff";
    waiting.timer = this.#clock.after(wait, () => {
      waiting.timer = undefined;
      waiting.state = "active";
      this.#ready();
    });
  }
}
