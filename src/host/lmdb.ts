/** The store's index port (store/ports.ts) over LMDB. The package takes some 40 ms to load, so it is loaded on first use. */
import { statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import type { RootDatabase } from "lmdb";
import { latin1, writeLatin1 } from "#base/bytes.ts";
import { ALL_KEYS, type Key, NoSpace } from "#store/contract.ts";
import type { Changes, Index } from "#store/ports.ts";

/** The table whose keys lmdb asks for next: its letter is their first byte. */
let letter = 0;
/** Keys as the bytes that they stand for; ALL_KEYS is where the next table would begin. */
const keyEncoder = {
  writeKey(key: Key, target: Buffer, at: number): number {
    target[at] = key === ALL_KEYS ? letter + 1 : letter;
    if (key === ALL_KEYS) return at + 1;
    writeLatin1(target, at + 1, key);
    return at + 1 + key.length;
  },
  readKey: (source: Buffer, start: number, end: number) => latin1(source, start + 1, end),
};
/** The bytes that lmdb read. It reads the next ones into the same place, so that one view often serves many rows. */
let view: Uint8Array = new Uint8Array(0);
function plain({ buffer, byteOffset }: Uint8Array, length: number): Uint8Array {
  if (view.length !== length || view.buffer !== buffer || view.byteOffset !== byteOffset) view = new Uint8Array(buffer, byteOffset, length);
  return view;
}
/** A value to be written, as a part of a buffer, which lmdb keeps from being collected until it is written. */
interface Part {
  readonly buffer: ArrayBufferLike;
  /** Where in memory that is: lmdb looks it up and notes it. */
  address: number;
  start: number;
  end: number;
}
const encoder = { encode: (value: Part) => value, decode: plain };
/** LMDB's own codes for a full disk: ENOSPC, EDQUOT, a map that cannot grow, and EIO, by which it tells of a short write. */
const FULL = new Set([28, 122, 5, -30792]);

/** Opens the index in `directory`, or makes it. */
export async function openLmdb(directory: string): Promise<Index> {
  const [lmdb] = await Promise.all([import("lmdb"), mkdir(directory, { recursive: true, mode: 0o700 })]);
  const path = `${directory}/data.mdb`;
  await checkMeta(path);
  const options = {
    path,
    noSubdir: true,
    encoder,
    keyEncoder,
    // A commit returns when it has been synced, so that the log before it may go.
    overlappingSync: false,
    cache: false,
    // Its batches of an event's turn reject a promise that nobody is given.
    eventTurnBatching: false,
  } as const;
  const db: RootDatabase<Uint8Array, Key> = lmdb.open(options);
  return {
    get(table, key) {
      letter = table.charCodeAt(0);
      const bytes = db.getBinaryFast(key);
      return bytes && plain(bytes, bytes.length);
    },
    walk(table, from, to, visit) {
      if (from >= to) return;
      const rows = db.getRange({ start: from, end: endOf(to) })[Symbol.iterator]();
      try {
        for (;;) {
          // Each time anew: what is visited may read, too.
          letter = table.charCodeAt(0);
          const { done, value } = rows.next();
          if (done || !visit(value.key, value.value)) return;
        }
      } finally {
        rows.return?.();
      }
    },
    count(table, from, to) {
      letter = table.charCodeAt(0);
      return from < to ? db.getKeysCount({ start: from, end: endOf(to) }) : 0;
    },
    // What it gives are bytes, what it takes are parts.
    write: fill => write(db as unknown as RootDatabase<Part, Key>, fill),
    size: () => statSync(path).blocks * 512,
    close: () => db.close(),
  };
}

const endOf = (to: Key): Key => (to >= ALL_KEYS ? ALL_KEYS : to);

/** LMDB maps what it is given: a file that is not its own ends the process. Each of its first two pages must bear its mark. */
async function checkMeta(path: string): Promise<void> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return;
  try {
    const { size } = await file.stat();
    const mark = Buffer.alloc(4);
    for (let at = MARK_AT; at < Math.min(size, 2 * PAGE); at += PAGE) {
      await file.read(mark, 0, 4, at);
      if (mark.readUInt32LE() !== MARK) throw new Error(`${path} is damaged`);
    }
  } finally {
    await file.close();
  }
}
const MARK = 0xbeefc0de;
const MARK_AT = 24;
const PAGE = 4096;

async function write(db: RootDatabase<Part, Key>, fill: (changes: Changes) => void): Promise<void> {
  // One for all rows of a buffer: lmdb reads it while it is being called.
  let part: Part | undefined;
  const changes: Changes = {
    put(table, key, { buffer, byteOffset }, from, to) {
      if (part?.buffer !== buffer) part = { buffer, address: 0, start: 0, end: 0 };
      part.start = byteOffset + from;
      part.end = byteOffset + to;
      letter = table.charCodeAt(0);
      db.put(key, part);
    },
    remove(table, key) {
      letter = table.charCodeAt(0);
      db.remove(key);
    },
  };
  try {
    // A batch is one transaction of LMDB, carried out by its own thread.
    await db.batch(() => fill(changes));
  } catch (error) {
    const cause = await causeOf(error);
    throw cause instanceof Error && "code" in cause && FULL.has(Number(cause.code)) ? new NoSpace() : cause;
  }
}
/** A failed commit carries its cause as a promise that rejects. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
