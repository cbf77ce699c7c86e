import type { Log } from "./log.ts";
import type { Position } from "./position.ts";
import type { State } from "./state.ts";

/** Times of a flush's size that the log may be ahead of the index before writers wait for it. */
const BACKLOG = 4;

/** Tells the index, in batches, what the log has. */
export class Flusher {
  /** Bytes appended to the log, and events in it, that the index did not have when the store was opened. */
  appended: number;
  events = 0;
  /** Bytes on disk of the index. */
  indexBytes: number;
  flushing: Promise<void> | undefined;
  private frozenAt = { events: 0, bytes: 0 };
  private readonly log: Log;
  private readonly state: State;
  private readonly position: Position;
  private readonly most: { readonly bytes: number; readonly events: number };
  private readonly turn: () => Promise<void>;

  /** `most`: bytes of log, and events, after which a flush is due; `turn` lets others go on within one. */
  constructor(
    log: Log,
    state: State,
    position: Position,
    most: { readonly bytes: number; readonly events: number },
    turn: () => Promise<void>,
  ) {
    this.log = log;
    this.state = state;
    this.position = position;
    this.most = most;
    this.turn = turn;
    // What was replayed is the index's to be told, too.
    const { mark } = state;
    const { segment, at } = log.end;
    this.appended = mark?.segment === segment ? at - mark.at : log.size;
    this.indexBytes = state.index.size();
  }

  /** Bytes of log that no flush has set apart yet. */
  get unflushed(): number {
    return this.appended - this.frozenAt.bytes;
  }
  get farBehind(): boolean {
    return this.unflushed > BACKLOG * this.most.bytes;
  }
  get due(): boolean {
    if (this.position.closed) return false;
    return this.unflushed >= this.most.bytes || this.events - this.frozenAt.events >= this.most.events;
  }
  /** Moves what is durable now into the index; or what a flush that failed has set apart. */
  async flush(): Promise<void> {
    const { state, log } = this;
    if (!state.isFlushing) {
      const { revision, compacted, oldest, lastLease } = this.position;
      this.frozenAt = { events: this.events, bytes: this.appended };
      state.freeze({ flush: (state.mark?.flush ?? 0) + 1, ...log.end, revision, compacted, oldest, lastLease, live: state.committed });
    }
    this.flushing = state.flush(this.turn).finally(() => {
      this.flushing = undefined;
    });
    await this.flushing;
    this.indexBytes = state.index.size();
  }
}
