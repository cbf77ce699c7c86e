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
  state: "active" | "backoff" | "unschedulable" | "popped" | "gone";
  /** Something changed while it was being decided: try again rather than park. */
  moved: boolean;
  timer: Cancel | undefined;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #ready: () => void;
  readonly #all = new Map<string, Waiting>();
  /** The active ones, and some that were removed or popped since. */
  readonly #heap: Waiting[] = [];
  /** Those that a change in the cluster concerns: without a node that would do, or being decided. */
  readonly #parked = new Set<Waiting>();
  #arrivals = 0;
  #active = 0;

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
    if (known) this.remove(key);
    const waiting: Waiting = {
      key,
      priority,
      order: this.#arrivals++,
      attempts: 0,
      notBefore: 0,
      state: "unschedulable",
      moved: false,
      timer: undefined,
    };
    this.#all.set(key, waiting);
    this.#activate(waiting, true);
  }
  /** It has a node, or is gone. */
  remove(key: string): void {
    const waiting = this.#all.get(key);
    if (!waiting) return;
    waiting.timer?.();
    this.#all.delete(key);
    if (waiting.state === "active") this.#active--;
    waiting.state = "gone";
    this.#parked.delete(waiting);
  }
  /** The next pod: highest priority, then earliest. */
  pop(): string | undefined {
    let best = take(this.#heap);
    while (best && best.state !== "active") best = take(this.#heap);
    if (!best) return undefined;
    this.#active--;
    best.state = "popped";
    this.#parked.add(best);
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
    for (const waiting of [...this.#parked]) {
      if (waiting.state === "popped") waiting.moved = true;
      else this.#activate(waiting, false);
    }
  }
  /** How many can be popped now. */
  get active(): number {
    return this.#active;
  }

  #backOff(waiting: Waiting): void {
    const ms = Math.min(BACKOFF.most, BACKOFF.first * 2 ** Math.min(10, waiting.attempts - 1));
    waiting.notBefore = this.#clock.monotonic() + ms;
  }
  #activate(waiting: Waiting, atOnce: boolean): void {
    waiting.timer?.();
    waiting.timer = undefined;
    this.#parked.delete(waiting);
    const wait = atOnce ? 0 : waiting.notBefore - this.#clock.monotonic();
    if (wait <= 0) return this.#enter(waiting);
    waiting.state = "backoff";
    waiting.timer = this.#clock.after(wait, () => {
      waiting.timer = undefined;
      this.#enter(waiting);
    });
  }
  #enter(waiting: Waiting): void {
    if (waiting.state !== "active") {
      waiting.state = "active";
      this.#active++;
      put(this.#heap, waiting);
    }
    this.#ready();
  }
}

/** Higher priority first, then the earlier. */
const before = (a: Waiting, b: Waiting) => a.priority > b.priority || (a.priority === b.priority && a.order < b.order);

/** Into a binary heap whose first is the next. */
function put(heap: Waiting[], one: Waiting): void {
  let at = heap.push(one) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (!before(one, heap[up]!)) break;
    heap[at] = heap[up]!;
    at = up;
  }
  heap[at] = one;
}
/** Takes the next out. */
function take(heap: Waiting[]): Waiting | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (heap.length === 0 || !last) return first;
  let at = 0;
  for (let down = 1; down < heap.length; down = 2 * at + 1) {
    if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++;
    if (!before(heap[down]!, last)) break;
    heap[at] = heap[down]!;
    at = down;
  }
  heap[at] = last;
  return first;
}
