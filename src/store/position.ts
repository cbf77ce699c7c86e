import { Compacted, FutureRevision, type Revision, StoreClosed } from "./contract.ts";

/** Where the store on disk stands, for all of its parts: what is durable, and the last lease that was given out. */
export class Position {
  revision: Revision;
  compacted: Revision;
  /** The first revision whose events are still there. */
  oldest: Revision;
  lastLease: number;
  closed = false;

  constructor({ revision, compacted, oldest, lastLease }: Pick<Position, "revision" | "compacted" | "oldest" | "lastLease">) {
    this.revision = revision;
    this.compacted = compacted;
    this.oldest = oldest;
    this.lastLease = lastLease;
  }

  /** Throws StoreClosed; FutureRevision or Compacted when what stood at `revision` (0: now) cannot be read. */
  check(revision = 0): void {
    if (this.closed) throw new StoreClosed("the store is closed");
    if (revision > this.revision) throw new FutureRevision(this.revision);
    if (revision > 0 && revision < this.compacted) throw new Compacted(this.compacted);
  }
}
