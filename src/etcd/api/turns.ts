import type { Revision } from "#store/contract.ts";

/** One who waits for its turn. */
export interface Follower {
  /** All up to this has been sent to it. */
  readonly delivered: Revision;
}

/** Turns, one at a time, of those who read history: first who is furthest behind, so that they come to read the same. */
export class Turns {
  private readonly waiting: { readonly who: Follower; readonly go: () => void }[] = [];
  private isTaken = false;

  /** Does `work` when it is the turn of `who`. */
  async take<T>(who: Follower, work: () => Promise<T>): Promise<T> {
    if (this.isTaken) await new Promise<void>(go => this.waiting.push({ who, go }));
    this.isTaken = true;
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  private pass(): void {
    const { waiting } = this;
    let next = 0;
    for (let i = 1; i < waiting.length; i++) if (waiting[i]!.who.delivered < waiting[next]!.who.delivered) next = i;
    if (waiting.length > 0) waiting.splice(next, 1)[0]!.go();
    else this.isTaken = false;
  }
}
