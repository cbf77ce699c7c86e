/**
 * What is done again and again beside the pods' loops. One timer serves all: a node that rests costs next to nothing. Where somebody
 * counts what stirs on the node and its machine, a chore that found nothing to do is not asked again before something has.
 */
import type { Clock } from "#base/clock.ts";
import type { Soon } from "#base/soon.ts";

/** Milliseconds between two turns. */
const TURN = 10_000;
/** Turns of a minute. */
export const MINUTE = 60_000 / TURN;

/** Until when a chore has nothing to do: until something stirs; or it cannot say. */
export const WHILE_STILL = Number.POSITIVE_INFINITY;
export const UNSURE = Number.NEGATIVE_INFINITY;

export interface Chore {
  /** It is due every so many turns. */
  readonly turns: number;
  /**
   * Does it once; one that takes longer than its turns is not begun again before it has ended. Gives until when (monotonic milliseconds)
   * it would find nothing to do again while nothing stirs.
   */
  readonly run: () => Soon<number>;
}
export interface HouseParts {
  readonly clock: Clock;
  /** Counts all that may give any chore something to do; undefined: nobody knows, and chores are done as they fall due. */
  readonly stirs: () => number | undefined;
  /** A chore failed; it is tried again when it is due. */
  readonly failed: (error: unknown) => void;
}

/** Does the chores as they fall due until the signal is aborted; resolves when those under way have ended, too. */
export async function keepHouse(chores: readonly Chore[], { clock, stirs, failed }: HouseParts, signal: AbortSignal): Promise<void> {
  const kept = chores.map(chore => new Kept(chore, failed));
  const over = Promise.withResolvers<void>();
  let turn = 0;
  const next = () => {
    cancel = clock.after(TURN, next);
    turn++;
    const stirred = stirs();
    const now = clock.monotonic();
    for (const chore of kept) if (chore.isDue(turn, stirred, now)) chore.begin(stirs());
  };
  let cancel = clock.after(TURN, next);
  signal.addEventListener("abort", () => over.resolve(), { once: true });
  if (signal.aborted) over.resolve();
  await over.promise;
  cancel();
  await Promise.all(kept.map(chore => chore.underWay));
}

class Kept {
  readonly #turns: number;
  readonly #run: Chore["run"];
  readonly #failed: HouseParts["failed"];
  /** What was counted before it was last begun, and how long it rests from then on while that stands. */
  #stirred: number | undefined;
  #rests = UNSURE;
  underWay: Promise<void> | undefined;

  constructor({ turns, run }: Chore, failed: HouseParts["failed"]) {
    this.#turns = turns;
    this.#run = run;
    this.#failed = failed;
  }
  isDue(turn: number, stirred: number | undefined, now: number): boolean {
    if (stirred !== undefined && stirred === this.#stirred && now < this.#rests) return false;
    return !this.underWay && turn % this.#turns === 0;
  }
  begin(stirred: number | undefined): void {
    this.#stirred = stirred;
    this.#rests = UNSURE;
    try {
      const running = this.#run();
      if (running instanceof Promise) this.underWay = running.then(this.#done, this.#gaveUp);
      else this.#rests = running;
    } catch (error) {
      this.#failed(error);
    }
  }
  // made once, for all turns
  readonly #done = (rests: number): void => {
    this.underWay = undefined;
    this.#rests = rests;
  };
  readonly #gaveUp = (error: unknown): void => {
    this.underWay = undefined;
    this.#failed(error);
  };
}
