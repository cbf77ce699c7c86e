import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import { moveOut } from "./cleaner.ts";
import { type Key, NoSpace, type Revision } from "./contract.ts";
import type { Flusher } from "./flush.ts";
import type { Groups } from "./group.ts";
import type { Log, Segment } from "./log.ts";
import type { Pending } from "./pending.ts";
import type { Position } from "./position.ts";
import type { Room } from "./room.ts";
import type { State } from "./state.ts";
import { isDead } from "./version.ts";

/** Milliseconds after a failure before it is tried again. */
const RETRY = 1000;

/** What upkeep works on. */
export interface UpkeepParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly state: State;
  readonly position: Position;
  readonly pending: Pending;
  readonly room: Room;
  readonly flusher: Flusher;
  readonly groups: Groups;
  /** Bytes of one segment of the log. */
  readonly segmentBytes: number;
}

/** What goes on beside reads and writes: the index is told what the log has, and what was compacted is taken away. */
export class Upkeep {
  private readonly parts: UpkeepParts;
  private working: Promise<{ error: unknown } | undefined> | undefined;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private wantedDefragment = false;
  private swept: Revision = 0;
  /** Readers of all that is retained, for whom nothing may be swept or cleaned. */
  private pins = 0;

  constructor(parts: UpkeepParts) {
    this.parts = parts;
  }

  /** Bytes on disk. */
  size(): number {
    return this.parts.log.size + this.parts.flusher.indexBytes;
  }
  /** Bytes of `size()` that hold what is retained. */
  inUse(): number {
    const { log, position } = this.parts;
    return this.size() - this.garbage(log.all().filter(({ lastRevision }) => lastRevision <= position.compacted));
  }
  /** Bytes of these segments that nobody needs, at most: all that is needed of them is newest entries. */
  private garbage(compacted: readonly Segment[]): number {
    const bytes = compacted.reduce((sum, { end }) => sum + end, 0);
    return Math.max(0, bytes - this.parts.state.live);
  }

  /** Keeps all that is retained now, until what it returns is called. */
  pin(): () => void {
    this.pins++;
    return () => {
      this.pins--;
      this.start();
    };
  }
  /** Begins with what is to be done, unless that is under way. */
  start(): void {
    const { clock, position, room, flusher } = this.parts;
    if (this.working || position.closed || clock.monotonic() < this.refusedAt + RETRY) return;
    const failed = async (error: unknown) => {
      // All is still in the log and in memory; the next write tries again.
      this.refusedAt = clock.monotonic();
      if (error instanceof NoSpace && flusher.farBehind) await room.release();
      return { error };
    };
    this.working = this.work()
      .then(() => undefined, failed)
      .finally(() => {
        this.working = undefined;
      });
  }
  /** Starts when a flush is due. */
  startIfDue(): void {
    if (this.parts.flusher.due || this.parts.state.isFlushing) this.start();
  }
  /** Returns when what is under way is done. */
  async idle(): Promise<void> {
    await this.working;
  }
  async defragment(): Promise<void> {
    await this.working;
    this.wantedDefragment = true;
    this.refusedAt = Number.NEGATIVE_INFINITY;
    this.start();
    const failed = await this.working;
    this.wantedDefragment = false;
    if (failed) throw failed.error;
  }

  private async work(): Promise<void> {
    const { log, state, position, flusher, groups, segmentBytes } = this.parts;
    while (state.isFlushing || flusher.due) await flusher.flush();
    if (this.pins === 0) await this.sweep();
    const all = this.wantedDefragment;
    this.wantedDefragment = false;
    if (all && this.pins === 0 && this.inUse() < this.size()) await groups.between(() => log.rotate());
    while (!position.closed && this.pins === 0) {
      const compacted = log.closed(position.compacted);
      const garbage = this.garbage(compacted);
      if (compacted.length === 0 || garbage === 0) return;
      if (!all && garbage <= state.live + segmentBytes) return;
      // All of them for a defragmentation: the first alone may hold nothing but what is needed.
      await this.clean(all ? compacted : compacted.slice(0, 1));
      if (all) return;
    }
  }
  /** Forgets deletions and versions that no reader can see any more. */
  private async sweep(): Promise<void> {
    const { position, state, groups } = this.parts;
    const { compacted } = position;
    if (this.swept >= compacted) return;
    for (let from: Key | undefined = ""; from !== undefined; ) {
      if (position.closed || this.pins > 0) return;
      const start: Key = from;
      const { dead, bases, next } = state.compactedFrom(start, compacted, limits.storeBatch);
      from = next;
      if (dead.length + bases.length === 0) continue;
      await groups.write(() => {
        if (this.pins > 0) return [];
        for (const key of dead) {
          const version = state.version(key, "pending");
          if (version && isDead(version) && version.modRevision <= compacted) state.bury(key);
        }
        for (const key of bases) state.tables.bases.set(key, null, true);
        return [];
      });
    }
    this.swept = compacted;
  }
  /** Moves what is needed of these segments to the log's end, and takes them away. */
  private async clean(segments: readonly Segment[]): Promise<void> {
    const { log, state, position, pending, flusher, groups } = this.parts;
    const last = segments.at(-1)!;
    if (position.oldest <= last.lastRevision)
      await groups.write(() => [{ kind: "compact", revision: pending.compacted, oldest: last.lastRevision + 1 }]);
    for (const { number } of segments) await moveOut(number, log, state, () => position.compacted, groups.write);
    await groups.write(() => {
      for (const revision of state.placesBefore(last.number + 1)) state.tables.places.set(revision, null, true);
      return [];
    });
    // The index no longer points into them when they go.
    if (state.isFlushing) await flusher.flush();
    await flusher.flush();
    if (this.pins === 0) await log.removeBefore(last.number + 1);
  }
}
