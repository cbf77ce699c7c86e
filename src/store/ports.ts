import type { Key } from "./contract.ts";

/** A file of the store. Failures throw; a disk without room throws NoSpace (contract.ts). */
export interface File {
  readonly path: string;
  size(): Promise<number>;
  /** Up to `length` bytes from `at`; fewer at the file's end. */
  read(at: number, length: number): Promise<Uint8Array>;
  /**
   * The bytes of these parts, one after another, waiting for the disk where it must: for what was written lately, or lies in
   * memory. Throws RangeError where the file ends before.
   */
  readNow(parts: readonly Part[]): Uint8Array;
  /** Writes all of `bytes` at `at`. After a failure any part of them may have been written. */
  write(at: number, bytes: Uint8Array): Promise<void>;
  /**
   * The same, and returns when these bytes are on the disk, and the file's length with them. `alone`: whoever writes does so one
   * after another, so that a quick disk may be waited for in place.
   */
  writeThrough(at: number, bytes: Uint8Array, alone: boolean): Promise<void>;
  /** Returns when the file's data and length are on the disk (fdatasync). */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
/** Some bytes of a file. */
export interface Part {
  readonly at: number;
  readonly length: number;
}
export interface FileSystem {
  /** Opens for reading and writing; `create` makes an empty file where none is. */
  open(path: string, create: boolean): Promise<File>;
  /** Names in a directory; none where it does not exist. */
  list(directory: string): Promise<string[]>;
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Returns when names created, renamed and removed in the directory are on the disk. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that may still be written to the disk that `directory` lies on. */
  free(directory: string): Promise<number>;
  /** Takes the lock that `path` stands for, which a process that has died does not hold. Throws InUse. */
  lock(path: string): Promise<Unlock>;
}
export type Unlock = () => Promise<void>;

/** Another process has the lock. */
export class InUse extends Error {
  readonly pid: number;
  constructor(pid: number) {
    super(`in use by process ${pid}`);
    this.pid = pid;
  }
}

/** Ordered maps on disk: tables, whose names are one letter each. Keys are Latin-1, ordered by code unit. */
export interface Index {
  /** What it gives is valid until the next call. */
  get(table: string, key: Key): Uint8Array | undefined;
  /** Calls `visit` for the rows of [from, to) in order until it answers false. */
  walk(table: string, from: Key, to: Key, visit: Visit): void;
  count(table: string, from: Key, to: Key): number;
  /** Calls `fill` at once for what is to change. All of it or nothing, durable when it returns; visible to reads at some moment before. Throws NoSpace. */
  write(fill: (changes: Changes) => void): Promise<void>;
  /** Bytes on disk. */
  size(): number;
  close(): Promise<void>;
}
/** A key and its value, as parts of bytes that are theirs until the visit returns. */
export interface Row {
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  readonly end: number;
}
/** Answers whether to go on. */
export type Visit = (row: Row) => boolean;
/** What one write changes: row by row, without an object for each. */
export interface Changes {
  /** The value is what lies in `bytes` from `from` to `to`, and stays there until the write is done. */
  put(table: string, key: Key, bytes: Uint8Array, from: number, to: number): void;
  remove(table: string, key: Key): void;
}

/** CRC-32 (ISO 3309, as in zlib) of `bytes`. */
export type Checksum = (bytes: Uint8Array) => number;
