import type { Revision } from "./contract.ts";
import { formatOf, writeFormat } from "./format.ts";
import { lastLeaseAfter } from "./lease.ts";
import { createSegment, Damaged, FRAME_HEADER, Log, readSegment, type Segment, segmentName, segmentsOf } from "./log.ts";
import type { Mark } from "./mark.ts";
import { type Checksum, type File, type FileSystem, type Index, InUse } from "./ports.ts";
import { decodeRecords, type Head, type LogRecord, leaseKey } from "./record.ts";
import { State } from "./state.ts";
import { isDead, type Link, UNREAD, type Version, versionAt } from "./version.ts";

/** Records replayed before they are moved into the index, so that memory does not grow with the log. */
const REPLAYED = 50_000;
/** Bytes read at once of a segment's beginning. */
const HEAD_BLOCK = 4096;

export interface TakeOptions {
  readonly files: FileSystem;
  readonly openIndex: (path: string) => Promise<Index>;
  readonly directory: string;
  readonly checksum: Checksum;
  /** Told when what the log holds is not what the index says. */
  readonly damaged: (error: Damaged) => void;
}
/** A data directory that is ours, with all that its log says replayed. */
export interface Taken {
  readonly state: State;
  readonly log: Log;
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly oldest: Revision;
  readonly lastLease: number;
  release(): Promise<void>;
}

/** Locks the directory, checks its format, opens the index and replays what the log has beyond it, or all where the index is lost. */
export async function takeDirectory(options: TakeOptions): Promise<Taken> {
  const { files, directory } = options;
  await files.makeDirectory(directory);
  const unlock = await files.lock(`${directory}/lock`).catch(error => {
    if (error instanceof InUse) throw new Error(`the data directory ${directory} is ${error.message}`);
    throw error;
  });
  const opened: File[] = [];
  let index: Index | undefined;
  try {
    await checkFormat(files, directory);
    const usable = await openOrRemake(options);
    index = usable;
    const replay = new Replay(options, usable);
    const log = await replay.run(opened);
    await files.remove(`${directory}/${OPENING}`);
    return {
      log,
      state: replay.state,
      ...replay.reached,
      async release() {
        await usable.close();
        await unlock();
      },
    };
  } catch (error) {
    for (const file of opened) await file.close();
    await files.remove(`${directory}/${OPENING}`).catch(() => {});
    await index?.close();
    await unlock();
    throw error;
  }
}

async function checkFormat(files: FileSystem, directory: string): Promise<void> {
  const { problem, fresh } = await formatOf(files, directory);
  if (problem !== undefined) throw new Error(problem);
  if (fresh) await writeFormat(files, directory);
}

/**
 * The log can make the index anew: one that cannot be opened is taken away. An index that is mapped into memory may end the
 * process when it is damaged; then the mark of the opening that it ended is still there.
 */
async function openOrRemake({ files, openIndex, directory }: TakeOptions): Promise<Index> {
  const path = `${directory}/index`;
  const remove = async () => {
    for (const name of await files.list(path)) await files.remove(`${path}/${name}`);
  };
  if ((await files.list(directory)).includes(OPENING)) await remove();
  await (await files.open(`${directory}/${OPENING}`, true)).close();
  try {
    return await openIndex(path);
  } catch (error) {
    if ((await files.list(path)).length === 0) throw error;
    await remove();
    return openIndex(path);
  }
}
const OPENING = "opening";

/** The head with which a segment begins; undefined: it has no frame. */
export async function headOf(file: File, segment: number, checksum: Checksum): Promise<Head | undefined> {
  let head: Head | undefined;
  await readSegment(file, { segment, checksum, block: HEAD_BLOCK }, (body, at) => {
    const [record] = decodeRecords(body, segment, at);
    if (record?.kind === "head") head = record.head;
    else throw new Damaged(file.path, 0, "it does not begin with a head");
    return false;
  });
  return head;
}

class Replay {
  readonly state: State;
  reached = { revision: 1, compacted: 0, oldest: 0, lastLease: 0 };
  private readonly options: TakeOptions;
  private log: Log | undefined;
  private held = 0;
  /** Whether the index has all that came before what is replayed, and none of it has a lease. */
  private beforeIsKnown = false;

  constructor(options: TakeOptions, index: Index) {
    this.options = options;
    this.state = new State(index, () => this.log!, options.damaged);
  }

  async run(opened: File[]): Promise<Log> {
    const { files, directory, checksum } = this.options;
    const { mark } = this.state;
    const segments = await this.openAll(opened, mark);
    this.log = new Log({ files, directory, checksum, segments });
    this.beforeIsKnown = mark !== undefined && this.state.heldLeases().length === 0;
    if (mark) this.reached = { revision: mark.revision, compacted: mark.compacted, oldest: mark.oldest, lastLease: mark.lastLease };
    const tail = segments.at(-1)!;
    await this.checkTail(segments);
    for (const segment of segments) {
      if (mark && segment.number < mark.segment) continue;
      const from = mark?.segment === segment.number ? mark.at : 0;
      const size = await segment.file.size();
      const { good, torn } = await readSegment(segment.file, { segment: segment.number, checksum, from }, (body, at) =>
        this.replayFrame(segment, body, at),
      );
      if (torn > 0 && segment !== tail && (tail.end > 0 || segment.number < tail.number - 1))
        throw new Damaged(segment.file.path, good, "a frame is unreadable, and the log goes on after it");
      segment.end = good;
      if (size > good) await segment.file.truncate(good);
      segment.lastRevision = this.reached.revision;
      // What was read may not have been synced before the crash; readers will see it as durable from now on.
      await segment.file.sync();
    }
    this.log = new Log({ files, directory, checksum, segments });
    return this.log;
  }

  /** What the index has of the log's end must still be there; all of it is what `cox store check` looks at. */
  private async checkTail(segments: readonly Segment[]): Promise<void> {
    const { mark } = this.state;
    const i = segments.findIndex(({ number }) => number === mark?.segment);
    const last = segments[i];
    if (!mark || !last) return;
    const { number, file } = last;
    const from = this.state.placeOf(mark.revision, segments[i - 1]?.lastRevision ?? 0)?.at ?? 0;
    const size = await file.size();
    const at = { segment: number, checksum: this.options.checksum, from, to: Math.min(size, mark.at) };
    const { good } = from < at.to ? await readSegment(file, at, () => {}) : { good: at.to };
    if (size < mark.at) throw new Damaged(file.path, size, "the log ends before what its index has of it");
    if (good < mark.at) throw new Damaged(file.path, good, "a frame is unreadable, and its index has what was in it");
  }
  /** Opens the segments and looks at the head of each. */
  private async openAll(opened: File[], mark: Mark | undefined): Promise<Segment[]> {
    const { files, directory, checksum } = this.options;
    const numbers = await segmentsOf(files, directory);
    const missing = (n: number) => new Damaged(`${directory}/${segmentName(n)}`, 0, "the segment is missing");
    if (mark && !numbers.includes(mark.segment)) throw missing(mark.segment);
    for (const [i, n] of numbers.entries()) if (n !== numbers[0]! + i) throw missing(numbers[0]! + i);
    if (numbers.length === 0) {
      const file = await createSegment(files, directory, 1);
      opened.push(file);
      return [{ number: 1, file, end: 0, lastRevision: 1 }];
    }
    const segments = await Promise.all(
      numbers.map(async number => {
        const file = await files.open(`${directory}/${segmentName(number)}`, false);
        opened.push(file);
        const size = await file.size();
        const head = size > 0 ? await headOf(file, number, checksum) : undefined;
        if (!head && number !== numbers.at(-1)) throw new Damaged(file.path, 0, "its head is unreadable");
        return { number, file, end: size, lastRevision: 1, head };
      }),
    );
    // A segment's head says what the one before it ends with.
    for (const [i, segment] of segments.entries()) segment.lastRevision = segments[i + 1]?.head?.revision ?? mark?.revision ?? 1;
    if (!mark && segments[0]!.head) {
      const { revision, compacted, oldest, lastLease } = segments[0]!.head;
      this.reached = { revision, compacted, oldest, lastLease };
    }
    return segments.map(({ number, file, end, lastRevision }) => ({ number, file, end, lastRevision }));
  }

  private replayFrame(segment: Segment, body: Uint8Array, at: number): void | Promise<void> {
    const { number, file } = segment;
    try {
      for (const record of decodeRecords(body, number, at)) this.apply(record, number, at - FRAME_HEADER);
    } catch (error) {
      if (error instanceof Damaged) throw error;
      throw new Damaged(file.path, at, error instanceof Error ? error.message : String(error));
    }
    this.state.commit();
    if (this.held < REPLAYED) return;
    this.held = 0;
    return this.flush(number, at + body.length);
  }
  private async flush(segment: number, at: number): Promise<void> {
    const { live, mark } = this.state;
    this.state.freeze({ flush: (mark?.flush ?? 0) + 1, segment, at, live, ...this.reached });
    await this.state.flush();
  }

  private apply(record: LogRecord, segment: number, at: number): void {
    const { state, reached } = this;
    this.held++;
    if (record.kind === "head") {
      if (record.head.revision !== reached.revision)
        throw new Error(`the segment begins at revision ${record.head.revision}, and the one before ends at ${reached.revision}`);
      state.begin(record.head);
      state.commit();
    } else if (record.kind === "grant") {
      this.beforeIsKnown = false;
      state.tables.leases.set(leaseKey(record.lease.id), record.lease.ttl, false);
      reached.lastLease = lastLeaseAfter(reached.lastLease, record.lease.id);
    } else if (record.kind === "meta") state.tables.meta.set(record.name, record.value?.slice() ?? null, true);
    else if (record.kind === "compact") {
      reached.compacted = record.revision;
      reached.oldest = record.oldest;
      reached.revision = Math.max(reached.revision, record.revision);
    } else if (record.kind === "moved") this.moved(record.version, record.until);
    else {
      if (record.events.length > 0) {
        if (record.revision !== reached.revision + 1) throw new Error(`revision ${record.revision} follows ${reached.revision}`);
        reached.revision = record.revision;
        for (const { entry, link } of record.events) state.place(unread(entry), this.before(entry, link));
        state.noteFrame({ modRevision: record.revision, segment, at, size: 0 });
      }
      if (record.revoked) state.tables.leases.set(leaseKey(record.revoked), null, true);
      this.held += record.events.length;
    }
  }
  /**
   * What an event replaced. Its cell tells enough of it, so that the index, which may be large and is mapped into memory, is
   * not read for every event; but a deletion that was swept may still be there, which no cell links to.
   */
  private before(version: Version, link: Link | undefined): Version | undefined {
    const { key } = version;
    if (!link || !this.beforeIsKnown) return this.state.version(key, "pending");
    const before = versionAt(key, link.modRevision, link.segment, link.at, link.size);
    // The first version after another follows its deletion.
    before.version = version.version === 1 ? 0 : 1;
    return before;
  }
  private moved(version: Version, until: Revision): void {
    const { state } = this;
    unread(version);
    if (until > 0) {
      state.tables.bases.set(version.key, { version, until }, state.tables.bases.get(version.key, "pending") !== undefined);
      return;
    }
    const newest = state.version(version.key, "pending");
    if (!newest || newest.modRevision <= version.modRevision) state.place(version, newest);
  }
}
/** A value is read when it is asked for: it would keep all that was read with it in memory. */
function unread(version: Version): Version {
  if (!isDead(version)) version.value = UNREAD;
  return version;
}
