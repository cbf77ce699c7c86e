/** Where snapshots are kept, what they are called there, and which of them are one too many. */
import { formatTime } from "#base/time.ts";

/** A folder, or a bucket. */
export interface Archive {
  /** For a person. */
  readonly place: string;
  list(): Promise<readonly StoredFile[]>;
  /** Whole or not at all; one of that name is replaced. */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Throws where there is none of that name. */
  get(name: string): AsyncIterable<Uint8Array>;
  remove(name: string): Promise<void>;
}
export interface StoredFile {
  readonly name: string;
  readonly size: number;
}
export interface SnapshotFile extends StoredFile {
  /** What it was named for, e.g. "scheduled". */
  readonly of: string;
  /** Milliseconds since 1970. */
  readonly taken: number;
  readonly isSealed: boolean;
}
const NAME = /^([a-z0-9][a-z0-9.-]*)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db(\.sealed)?$/;

/** E.g. scheduled-20261121T054300Z.db, with ".sealed" behind it when it is encrypted. */
export function snapshotName(of: string, taken: number, isSealed: boolean): string {
  return `${of}-${formatTime(taken).replaceAll(/[-:]/g, "")}.db${isSealed ? ".sealed" : ""}`;
}
/** Why a snapshot cannot be named for this; undefined: it can. */
export function nameProblem(of: string): string | undefined {
  return NAME.test(snapshotName(of, 0, false)) && of.length <= 100
    ? undefined
    : `a snapshot cannot be named "${of}": small letters, digits, "-" and "." may be used, up to 100 of them`;
}
/** Snapshots among the files of an archive, the newest first. */
export function snapshotsIn(files: readonly StoredFile[]): SnapshotFile[] {
  const out: SnapshotFile[] = [];
  for (const file of files) {
    const [, of, year, month, day, hour, minute, second, isSealed] = NAME.exec(file.name) ?? [];
    if (!of) continue;
    const taken = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    out.push({ ...file, of, taken, isSealed: isSealed !== undefined });
  }
  return out.sort((a, b) => b.taken - a.taken || (a.name < b.name ? -1 : 1));
}
/** Of those that are named for `of`, all but the newest `keep`. */
export function surplus(snapshots: readonly SnapshotFile[], of: string, keep: number): SnapshotFile[] {
  return snapshots.filter(s => s.of === of).slice(keep);
}
