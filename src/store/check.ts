import { formatOf } from "./format.ts";
import { Damaged, FRAME_HEADER, readSegment, segmentName, segmentsOf } from "./log.ts";
import type { Mark } from "./mark.ts";
import type { Checksum, FileSystem, Index } from "./ports.ts";
import { decodeCell, decodeRecords, type LogRecord, Reader } from "./record.ts";
import { State } from "./state.ts";

/** What a look at a store's files found. */
export interface CheckReport {
  readonly segments: number;
  readonly frames: number;
  readonly records: number;
  readonly bytes: number;
  /** What the log's end stands at. */
  readonly revision?: number;
  /** Keys in the index. */
  readonly keys?: number;
  /** The end that a crash left: it is cut off when the store is opened. */
  readonly torn?: { readonly file: string; readonly offset: number; readonly bytes: number };
  /** One sentence each, that names the file and the offset. What lies behind a damaged frame was not read. */
  readonly findings: readonly string[];
}
export interface CheckOptions {
  readonly files: FileSystem;
  readonly directory: string;
  readonly checksum: Checksum;
  /** Opens the index, if that is to be compared with the log. */
  readonly openIndex?: (path: string) => Promise<Index>;
}
/** Findings after which the rest of the index is not told one by one. */
const MOST_FINDINGS = 20;

/** Reads log and index in `directory` from head to tail and changes nothing. The store may not be open. */
export async function checkStore(options: CheckOptions): Promise<CheckReport> {
  const check = new Check(options);
  const { problem } = await formatOf(options.files, options.directory);
  if (problem !== undefined) {
    check.report.findings.push(problem);
    return check.report;
  }
  try {
    await check.log();
    if (options.openIndex && check.report.findings.length === 0) await check.index(options.openIndex);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    check.report.findings.push(error.message);
  }
  return check.report;
}

class Check {
  readonly report: { -readonly [K in keyof CheckReport]: CheckReport[K] } & { findings: string[] } = {
    segments: 0,
    frames: 0,
    records: 0,
    bytes: 0,
    findings: [],
  };
  private readonly options: CheckOptions;
  /** Bytes of whole frames, by segment. */
  private readonly ends = new Map<number, number>();

  constructor(options: CheckOptions) {
    this.options = options;
  }

  async log(): Promise<void> {
    const { files, directory, checksum } = this.options;
    const { report } = this;
    let before: number | undefined;
    for (const n of await segmentsOf(files, directory)) {
      const path = `${directory}/${segmentName(n)}`;
      if (report.torn) throw new Damaged(report.torn.file, report.torn.offset, "a frame is unreadable, and the log goes on after it");
      if (before !== undefined && n !== before + 1)
        throw new Damaged(`${directory}/${segmentName(before + 1)}`, 0, "the segment is missing");
      before = n;
      const file = await files.open(path, false);
      try {
        const { good, torn } = await readSegment(file, { segment: n, checksum }, (body, at) => {
          report.frames++;
          try {
            let first = at === FRAME_HEADER;
            for (const record of decodeRecords(body, n, at)) {
              if (first && record.kind !== "head") throw new Error("the segment does not begin with a head");
              first = false;
              this.look(record);
            }
          } catch (error) {
            throw new Damaged(path, at, error instanceof Error ? error.message : String(error));
          }
        });
        report.segments++;
        report.bytes += good;
        this.ends.set(n, good);
        if (torn > 0) report.torn = { file: path, offset: good, bytes: torn };
      } finally {
        await file.close();
      }
    }
  }
  private look(record: LogRecord): void {
    const { report } = this;
    report.records++;
    const { revision } = report;
    if (record.kind === "head") {
      if (revision !== undefined && record.head.revision !== revision)
        throw new Error(`the segment begins at revision ${record.head.revision}, and the one before ends at ${revision}`);
      report.revision = record.head.revision;
    }
    if (record.kind === "compact") report.revision = Math.max(revision ?? 1, record.revision);
    if (record.kind !== "events" || record.events.length === 0) return;
    if (revision !== undefined && record.revision !== revision + 1) throw new Error(`revision ${record.revision} follows ${revision}`);
    report.revision = record.revision;
  }

  /** Every key's row must name a cell of the log that holds that key and revision. */
  async index(openIndex: (path: string) => Promise<Index>): Promise<void> {
    const { files, directory } = this.options;
    const { report } = this;
    const opened = new Map<number, Awaited<ReturnType<FileSystem["open"]>>>();
    const index = await openIndex(`${directory}/index`).catch((error: Error) => error);
    if (index instanceof Error) {
      report.findings.push(`the store's index cannot be opened: ${index.message}`);
      return;
    }
    try {
      for (const n of await segmentsOf(files, directory)) opened.set(n, await files.open(`${directory}/${segmentName(n)}`, false));
      report.keys = 0;
      const state = new State(index, () => {
        throw new Error("the check reads the log by itself");
      });
      const { mark } = state;
      if (mark) this.end(mark);
      for (const { key, modRevision, segment, at, size } of state.current("", "\uffff", "durable")) {
        report.keys++;
        const path = `${directory}/${segmentName(segment)}`;
        try {
          const bytes = opened.get(segment)?.readNow([{ at, length: size }]) ?? new Uint8Array(0);
          const { version } = decodeCell(new Reader(bytes), segment, at);
          if (version.key === key && version.modRevision === modRevision) continue;
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
        report.findings.push(
          `the store's index is damaged: ${path} at offset ${at} does not hold revision ${modRevision} of the key ${key}`,
        );
        if (report.findings.length >= MOST_FINDINGS) return;
      }
      if (mark && report.revision !== undefined && mark.revision > report.revision)
        report.findings.push(
          `the store's index is ahead of its log: it has revision ${mark.revision}, the log ends with ${report.revision}`,
        );
    } finally {
      for (const file of opened.values()) await file.close();
      await index.close();
    }
  }
  /** No crash takes away what the index had of the log: it is told of frames that are on the disk. */
  private end({ segment, at }: Mark): void {
    const path = `${this.options.directory}/${segmentName(segment)}`;
    const end = this.ends.get(segment);
    if (end === undefined) throw new Damaged(path, 0, "the segment is missing");
    if (end >= at) return;
    const isTorn = this.report.torn?.file === path;
    delete this.report.torn;
    throw new Damaged(
      path,
      end,
      isTorn ? "a frame is unreadable, and its index has what was in it" : "the log ends before what its index has of it",
    );
  }
}
