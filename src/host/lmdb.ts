/** The store's index port (store/ports.ts) over LMDB. The package takes some 40 ms to load, so it is loaded on first use. */
import { closeSync, openSync, statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import type { RootDatabase } from "lmdb";
import { writeLatin1 } from "#base/bytes.ts";
import { ALL_KEYS, type Key, NoSpace } from "#store/contract.ts";
import type { Changes, Index } from "#store/ports.ts";
import { MARK, walkPages } from "./lmdbpages.ts";

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
};
/** The bytes that lmdb read. It reads the next ones into the same place, so that one view often serves many look-ups. */
let view: Uint8Array = new Uint8Array(0);
let viewed: Uint8Array | undefined;
function plain(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (bytes !== viewed || view.length !== length) view = new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  viewed = bytes;
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
const encoder = { encode: (value: Part) => value };
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
  const file = openSync(path, "r");
  return {
    get(table, key) {
      letter = table.charCodeAt(0);
      const bytes = db.getBinaryFast(key);
      return bytes && plain(bytes);
    },
    walk(table, from, to, visit) {
      if (from >= to) return;
      // A look-up opens a read transaction, which stands until this turn of the event loop is over.
      letter = table.charCodeAt(0);
      db.getBinaryFast(from);
      walkPages(file, table + from, to >= ALL_KEYS ? String.fromCharCode(letter + 1) : table + to, visit);
    },
    count(table, from, to) {
      letter = table.charCodeAt(0);
      return from < to ? db.getKeysCount({ start: from, end: endOf(to) }) : 0;
    },
    // What it gives are bytes, what it takes are parts.
    write: fill => write(db as unknown as RootDatabase<Part, Key>, fill),
    size: () => statSync(path).blocks * 512,
    async close() {
      await db.close();
      closeSync(file);
    },
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
const MARK_AT = 24;
const PAGE = 4096;

async function write(db: RootDatabase<Part, Key>, fill: (changes: Changes) => void): Promise<void> {
  // One for all rows of the same bytes: lmdb reads it while it is being called. To ask bytes for their buffer takes long.
  let held: Uint8Array | undefined;
  let part: Part = { buffer: new ArrayBuffer(0), address: 0, start: 0, end: 0 };
  let base = 0;
  const changes: Changes = {
    put(table, key, bytes, from, to) {
      if (bytes !== held) {
        held = bytes;
        base = bytes.byteOffset;
        part = { buffer: bytes.buffer, address: 0, start: 0, end: 0 };
      }
      part.start = base + from;
      part.end = base + to;
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
