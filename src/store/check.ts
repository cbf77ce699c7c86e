import { Damaged, readSegment, segmentName, segmentsOf } from "./log.ts";
import type { Checksum, FileSystem } from "./ports.ts";
import { decodeRecords } from "./record.ts";

/** What a look at a store's log found. */
export interface CheckReport {
  readonly segments: number;
  readonly frames: number;
  readonly records: number;
  readonly bytes: number;
  readonly firstRevision?: number;
  readonly lastRevision?: number;
  /** The end that a crash left: it is cut off when the store is opened. */
  readonly torn?: { readonly file: string; readonly offset: number; readonly bytes: number };
  /** One sentence that names the file and the offset. The rest of the log was not read. */
  readonly damage?: string;
}

/** Reads the log in `directory` from head to tail and changes nothing. The store may not be open. */
export async function checkStore(at: { files: FileSystem; directory: string; checksum: Checksum }): Promise<CheckReport> {
  const { files, directory, checksum } = at;
  const report: { -readonly [K in keyof CheckReport]: CheckReport[K] } = { segments: 0, frames: 0, records: 0, bytes: 0 };
  try {
    let before: number | undefined;
    for (const n of await segmentsOf(files, directory)) {
      const path = `${directory}/${segmentName(n)}`;
      if (report.torn) throw new Damaged(report.torn.file, report.torn.offset, "a frame is unreadable, and the log goes on after it");
      if (before !== undefined && n !== before + 1)
        throw new Damaged(`${directory}/${segmentName(before + 1)}`, 0, "the segment is missing");
      before = n;
      const file = await files.open(path, false);
      try {
        const { good, torn } = await readSegment(file, checksum, (body, offset) => {
          report.frames++;
          try {
            for (const record of decodeRecords(body)) {
              report.records++;
              if (record.kind !== "events" || record.events.length === 0) continue;
              if (report.lastRevision !== undefined && record.revision !== report.lastRevision + 1)
                throw new Error(`revision ${record.revision} follows ${report.lastRevision}`);
              report.firstRevision ??= record.revision;
              report.lastRevision = record.revision;
            }
          } catch (error) {
            throw new Damaged(path, offset, error instanceof Error ? error.message : String(error));
          }
        });
        report.segments++;
        report.bytes += good;
        if (torn > 0) report.torn = { file: path, offset: good, bytes: torn };
      } finally {
        await file.close();
      }
    }
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    report.damage = error.message;
  }
  return report;
}
