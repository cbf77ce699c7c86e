/** What is done again and again beside the pods' loops. One timer serves all: a node that rests costs next to nothing. */
import type { Clock } from "#base/clock.ts";
import type { Soon } from "#base/soon.ts";

/** Milliseconds between two turns. */
const TURN = 10_000;
/** Turns of a minute. */
export const MINUTE = 60_000 / TURN;

export interface Chore {
  /** It is due every so many turns. */
  readonly turns: number;
  /** Does it once. One that takes longer than its turns is not begun again before it has ended. */
  readonly run: () => Soon<void>;
}
export interface HouseParts {
  readonly clock: Clock;
  /** A chore failed; it is tried again when it is due. */
  readonly failed: (error: unknown) => void;
}

/** Does the chores as they fall due until the signal is aborted; resolves when those under way have ended, too. */
export async function keepHouse(chores: readonly Chore[], { clock, failed }: HouseParts, signal: AbortSignal): Promise<void> {
  const kept = chores.map(chore => new Kept(chore, failed));
  const over = Promise.withResolvers<void>();
  let turn = 0;
  const next = () => {
    cancel = clock.after(TURN, next);
    turn++;
    for (const chore of kept) chore.turn(turn);
  };
  let cancel = clock.after(TURN, next);
  signal.addEventListener("abort", () => over.resolve(), { once: true });
  if (signal.aborted) over.resolve();
  await over.promise;
  cancel();
  await Promise.all(kept.map(chore => chore.underWay));
}

class Kept {
  readonly #chore: Chore;
  readonly #failed: HouseParts["failed"];
  underWay: Promise<void> | undefined;

  constructor(chore: Chore, failed: HouseParts["failed"]) {
    this.#chore = chore;
    this.#failed = failed;
  }
  turn(turn: number): void {
    if (this.underWay || turn % this.#chore.turns !== 0) return;
    try {
      const running = this.#chore.run();
      if (running instanceof Promise) this.underWay = running.then(this.#done, this.#gaveUp);
    } catch (error) {
      this.#failed(error);
    }
  }
  // made once, for all turns
  readonly #done = (): void => {
    this.underWay = undefined;
  };
  readonly #gaveUp = (error: unknown): void => {
    this.underWay = undefined;
    this.#failed(error);
  };
}
