import type { Revision } from "./contract.ts";
import { createSegment, Damaged, Log, readSegment, segmentName, segmentsOf } from "./log.ts";
import { type Checksum, type File, type FileSystem, type Index, InUse } from "./ports.ts";
import { decodeRecords } from "./record.ts";
import { State } from "./state.ts";

/** The layout of the data directory that this version writes, and the newest that it reads. */
export const FORMAT = 1;

export interface TakeOptions {
  readonly files: FileSystem;
  readonly openIndex: (path: string) => Promise<Index>;
  readonly directory: string;
  readonly checksum: Checksum;
}
/** A data directory that is ours, with all that its log says replayed. */
export interface Taken {
  readonly state: State;
  readonly log: Log;
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly lastLease: number;
  release(): Promise<void>;
}

/** Locks the directory, checks its format, opens the index and replays what the log has beyond it. */
export async function takeDirectory({ files, openIndex, directory, checksum }: TakeOptions): Promise<Taken> {
  await files.makeDirectory(directory);
  const unlock = await files.lock(`${directory}/lock`).catch(error => {
    if (error instanceof InUse) throw new Error(`the data directory ${directory} is ${error.message}`);
    throw error;
  });
  let index: Index | undefined;
  try {
    await checkFormat(files, directory);
    index = await openIndex(`${directory}/index`);
    const opened = index;
    const state = new State(opened);
    const replayed = await replay(files, directory, checksum, state);
    return {
      state,
      ...replayed,
      async release() {
        await opened.close();
        await unlock();
      },
    };
  } catch (error) {
    await index?.close();
    await unlock();
    throw error;
  }
}

async function checkFormat(files: FileSystem, directory: string): Promise<void> {
  const path = `${directory}/format`;
  const file = await files.open(path, true);
  try {
    const text = new TextDecoder().decode(await file.read(0, 32)).trim();
    const format = Number(text);
    if (format > FORMAT)
      throw new Error(`the data directory ${directory} has format ${format}, from a newer version; this version reads up to ${FORMAT}`);
    if (format === FORMAT) return;
    if (text !== "") throw new Error(`${path} does not say which format the data directory has`);
    await file.write(0, new TextEncoder().encode(`${FORMAT}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await files.syncDirectory(directory);
}

async function replay(files: FileSystem, directory: string, checksum: Checksum, state: State) {
  let { revision, compacted, lastLease } = state.mark;
  const first = state.mark.segment;
  const segments = await segmentsOf(files, directory);
  for (const n of segments) if (n < first) await files.remove(`${directory}/${segmentName(n)}`);
  const kept = segments.filter(n => n >= first);
  // A first segment that is missing is a fresh store, or one whose log somebody took away.
  if (kept[0] !== first && (kept.length > 0 || state.mark.flush > 0))
    throw new Damaged(`${directory}/${segmentName(first)}`, 0, "the segment is missing");
  if (kept.length === 0) await (await createSegment(files, directory, first)).close();

  let file: File | undefined;
  let size = 0;
  let end = 0;
  let segment = first;
  for (const n of kept.length > 0 ? kept : [first]) {
    await file?.close();
    const path = `${directory}/${segmentName(n)}`;
    if (n > segment + 1) throw new Damaged(`${directory}/${segmentName(segment + 1)}`, 0, "the segment is missing");
    file = await files.open(path, false);
    segment = n;
    size += end;
    const { good, torn } = await readSegment(file, checksum, (body, offset) => {
      try {
        for (const record of decodeRecords(body)) {
          if (record.kind === "events" && record.events.length > 0 && record.revision !== revision + 1)
            throw new Error(`revision ${record.revision} follows ${revision}`);
          state.replay(record);
          if (record.kind === "events") revision = record.revision;
          else if (record.kind === "compact") {
            compacted = record.revision;
            revision = Math.max(revision, compacted);
          } else if (record.kind === "grant") lastLease = Math.max(lastLease, record.lease.id);
        }
      } catch (error) {
        throw new Damaged(path, offset, error instanceof Error ? error.message : String(error));
      }
    });
    end = good;
    if (torn > 0) {
      const later = kept.filter(k => k > n);
      if (!(await allEmpty(files, directory, later))) throw new Damaged(path, good, "a frame is unreadable, and the log goes on after it");
      await file.truncate(good);
    }
    // What was read may not have been synced before the crash; readers will see it as durable from now on.
    await file.sync();
  }
  const log = new Log({ files, directory, checksum, first, segment, file: file!, end, before: size });
  return { log, revision, compacted, lastLease };
}
async function allEmpty(files: FileSystem, directory: string, segments: readonly number[]): Promise<boolean> {
  for (const n of segments) {
    const file = await files.open(`${directory}/${segmentName(n)}`, false);
    const size = await file.size();
    await file.close();
    if (size > 0) return false;
  }
  return true;
}
