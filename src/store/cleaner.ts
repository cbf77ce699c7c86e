import type { Revision } from "./contract.ts";
import type { Log } from "./log.ts";
import { decodeRecords, type LogRecord } from "./record.ts";
import type { State } from "./state.ts";
import { isDead, type Version } from "./version.ts";

/** Writes, in the order of all other writes, the records that `make` answers with when its turn has come. */
export type Submit = (make: () => readonly LogRecord[]) => Promise<void>;

/** Bytes moved at once. */
const BATCH = 512 * 1024;

/**
 * Moves what is still needed of one segment, all of whose revisions are compacted, to the log's end: newest entries, and
 * those that a reader between `compacted` and the newest sees. What else a segment holds stands in the next one's head.
 */
export async function moveOut(segment: number, log: Log, state: State, compacted: () => Revision, submit: Submit): Promise<void> {
  const { end } = log.all().find(({ number }) => number === segment)!;
  for (let from = 0; from < end; ) {
    const found: Version[] = [];
    let bytes = 0;
    from = await log.readFrames(segment, from, (body, at) => {
      for (const version of versionsIn(body, segment, at)) {
        if (needed(version, state, compacted()) === undefined) continue;
        found.push(version);
        bytes += version.size;
      }
      return bytes < BATCH;
    });
    if (found.length === 0) continue;
    await submit(() => {
      const records: LogRecord[] = [];
      for (const version of found) {
        const until = needed(version, state, compacted());
        if (until === undefined) continue;
        // Without the link that it had it is smaller.
        const moved: Version = { ...version, value: version.value.slice(), size: 0, before: undefined };
        if (until === 0) state.place(moved);
        else state.tables.bases.set(version.key, { version: moved, until }, state.tables.bases.get(version.key, "pending") !== undefined);
        records.push({ kind: "moved", until, version: moved });
      }
      return records;
    });
  }
}
function* versionsIn(body: Uint8Array, segment: number, at: number): Generator<Version> {
  for (const record of decodeRecords(body, segment, at)) {
    if (record.kind === "moved") yield record.version;
    else if (record.kind === "events") for (const { entry } of record.events) if (!isDead(entry)) yield entry;
  }
}
/** 0: the cell is its key's newest entry; above: a reader below that revision may need it; undefined: nobody does. */
function needed(cell: Version, state: State, compacted: Revision): Revision | undefined {
  const newest = state.version(cell.key, "pending");
  if (!newest) return undefined;
  if (newest.modRevision === cell.modRevision) return newest.segment === cell.segment && newest.at === cell.at ? 0 : undefined;
  if (newest.modRevision <= compacted) return undefined;
  const base = state.asOf(newest, compacted);
  return base && base.segment === cell.segment && base.at === cell.at ? newest.modRevision : undefined;
}
