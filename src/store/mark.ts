import type { Revision } from "./contract.ts";
import type { Changes, Index } from "./ports.ts";
import { Reader, Writer } from "./record.ts";

/** What the index says of itself; written with every flush. */
export interface Mark {
  /** Counts the flushes. */
  readonly flush: number;
  /** The index lacks the log's frames from here on. */
  readonly segment: number;
  readonly at: number;
  readonly revision: Revision;
  readonly compacted: Revision;
  /** The first revision whose events are still there. */
  readonly oldest: Revision;
  readonly lastLease: number;
  /** Bytes in the log of the newest entries. */
  readonly live: number;
}
const TABLE = "m";

export function readMark(index: Index): Mark | undefined {
  const bytes = index.get(TABLE, "");
  if (!bytes) return undefined;
  const r = new Reader(bytes);
  const [flush, segment, at, revision] = [r.number(), r.number(), r.number(), r.number()];
  return { flush, segment, at, revision, compacted: r.number(), oldest: r.number(), lastLease: r.number(), live: r.number() };
}
/** Has the index say `mark` of itself. */
export function putMark(mark: Mark, changes: Changes): void {
  const writer = new Writer(64);
  for (const n of [mark.flush, mark.segment, mark.at, mark.revision, mark.compacted, mark.oldest, mark.lastLease, mark.live])
    writer.number(n);
  changes.put(TABLE, "", writer.bytes, 0, writer.at);
}
