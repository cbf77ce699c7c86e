import { concat } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import { Pages } from "#sim/pages.ts";
import { NoSpace } from "#store/contract.ts";
import { type File, type FileSystem, InUse } from "#store/ports.ts";
import type { SortedMap } from "#store/sorted.ts";

/** The machine has lost its power: this call and all later ones fail until `restart`. */
export class PowerLost extends Error {}

interface Content {
  /** What a read sees, and what would be left after a power loss if nothing of the rest came through. */
  seen: Pages;
  synced: Pages;
  /** Writes since the last sync, in order; a truncation has no bytes. */
  unsynced: { at: number; bytes?: Uint8Array }[];
}
export interface SimulatedDisk extends FileSystem {
  readonly chance: Chance;
  /** Calls of the port so far. */
  readonly calls: number;
  /** The power goes in the middle of this call (counted from 1). */
  crashAt: number;
  /** Bytes that may be written before the disk is full. */
  room: number;
  readonly full: boolean;
  /** Every write takes room, also where bytes were before, as on disks that copy on write. */
  thin: boolean;
  /** The next sync fails, and what it was to write is lost. */
  failSync: boolean;
  /** Brings the power back: of what was not synced, some came through, some was torn, some is lost. */
  restart(): void;
  /** Changes a byte behind the store's back. */
  corrupt(path: string, at: number): void;
  bytes(path: string): Uint8Array;
  readonly indexes: Map<string, SortedMap<Uint8Array>>;
  /** One call of the port: fails without power; `torn` is what may still happen in the call that the power fails in. */
  call(torn?: () => void): Promise<void>;
}

/** A disk that keeps only what was synced. */
export function simulatedDisk(chance: Chance): SimulatedDisk {
  /** Names as a process sees them, and as they are on the disk. */
  const names = new Map<string, Content>();
  let durable = new Map<string, Content>();
  const locks = new Set<string>();
  let powered = true;
  let calls = 0;

  const write = (content: Content, at: number, bytes?: Uint8Array) => {
    content.seen = written(content.seen, at, bytes);
    content.unsynced.push({ at, bytes });
  };
  const inDirectory = (path: string, directory: string) =>
    path.startsWith(`${directory}/`) && !path.slice(directory.length + 1).includes("/");

  const disk: SimulatedDisk = {
    chance,
    crashAt: 0,
    room: Number.POSITIVE_INFINITY,
    failSync: false,
    thin: false,
    indexes: new Map(),
    get calls() {
      return calls;
    },
    get full() {
      return disk.room <= 0;
    },
    async call(torn) {
      await undefined;
      if (!powered) throw new PowerLost("no power");
      if (++calls !== disk.crashAt) return;
      powered = false;
      torn?.();
      throw new PowerLost(`the power went in call ${calls}`);
    },
    restart() {
      powered = true;
      disk.crashAt = 0;
      locks.clear();
      // Names that were not synced may have come through or not.
      for (const path of new Set([...names.keys(), ...durable.keys()])) {
        const now = names.get(path);
        if (now === durable.get(path) || chance.next() < 0.5) continue;
        if (now) durable.set(path, now);
        else durable.delete(path);
      }
      names.clear();
      for (const [path, content] of durable) {
        for (const { at, bytes } of content.unsynced) {
          const fate = chance.next();
          if (fate < 0.4) continue;
          content.synced = written(content.synced, at, fate < 0.7 ? bytes : bytes?.subarray(0, Math.floor(chance.next() * bytes.length)));
        }
        names.set(path, { seen: content.synced, synced: content.synced, unsynced: [] });
      }
      durable = new Map(names);
    },
    corrupt(path, at) {
      const content = names.get(path)!;
      const [byte = 0] = content.seen.slice(at, at + 1);
      content.seen = content.seen.written(at, Uint8Array.of(byte ^ 0x40));
      content.synced = content.seen;
    },
    bytes: path => names.get(path)!.seen.slice(),

    async open(path, create) {
      await disk.call();
      let content = names.get(path);
      if (!content) {
        if (!create) throw new Error(`${path}: no such file`);
        content = { seen: Pages.empty, synced: Pages.empty, unsynced: [] };
        names.set(path, content);
      }
      return fileOf(path, content);
    },
    async list(directory) {
      await disk.call();
      return [...names.keys()].filter(path => inDirectory(path, directory)).map(path => path.slice(directory.length + 1));
    },
    async makeDirectory() {
      await disk.call();
    },
    async rename(from, to) {
      await disk.call();
      const content = names.get(from);
      if (!content) throw new Error(`${from}: no such file`);
      names.delete(from);
      names.set(to, content);
    },
    async remove(path) {
      await disk.call();
      disk.room += names.get(path)?.seen.length ?? 0;
      names.delete(path);
    },
    async syncDirectory(directory) {
      await disk.call();
      for (const path of durable.keys()) if (inDirectory(path, directory) && !names.has(path)) durable.delete(path);
      for (const [path, content] of names) if (inDirectory(path, directory)) durable.set(path, content);
    },
    async free() {
      await disk.call();
      return disk.room;
    },
    async lock(path) {
      await disk.call();
      if (locks.has(path)) throw new InUse(1);
      locks.add(path);
      return async () => {
        locks.delete(path);
      };
    },
  };

  const failWhenAsked = (content: Content) => {
    if (!disk.failSync) return;
    disk.failSync = false;
    content.unsynced = [];
    throw new Error("input/output error");
  };
  /** On a full disk what fits is written. */
  const takeRoom = (content: Content, at: number, bytes: Uint8Array) => {
    const grown = disk.thin ? bytes.length : Math.max(0, at + bytes.length - content.seen.length);
    if (grown > disk.room) {
      const fits = bytes.length - grown + disk.room;
      disk.room = 0;
      if (fits > 0) write(content, at, bytes.subarray(0, fits));
      throw new NoSpace();
    }
    disk.room -= grown;
  };
  const fileOf = (path: string, content: Content): File => ({
    path,
    async size() {
      await disk.call();
      return content.seen.length;
    },
    async read(at, length) {
      await disk.call();
      return content.seen.slice(at, at + length);
    },
    readNow(parts) {
      if (!powered) throw new PowerLost("no power");
      return concat(
        parts.map(({ at, length }) => {
          if (at + length > content.seen.length) throw new RangeError(`${path} ends before byte ${at + length}`);
          return content.seen.slice(at, at + length);
        }),
      );
    },
    async writeThrough(at, bytes) {
      const copy = bytes.slice();
      await disk.call(() => write(content, at, copy));
      takeRoom(content, at, copy);
      content.seen = written(content.seen, at, copy);
      failWhenAsked(content);
      // Only these bytes: what else was written to the file may still be lost.
      content.synced = written(content.synced, at, copy);
      for (const before of content.unsynced) {
        if (!before.bytes) continue;
        const from = Math.max(at, before.at);
        const to = Math.min(at + copy.length, before.at + before.bytes.length);
        if (from < to) before.bytes.set(copy.subarray(from - at, to - at), from - before.at);
      }
    },
    async write(at, bytes) {
      const copy = bytes.slice();
      await disk.call(() => write(content, at, copy));
      takeRoom(content, at, copy);
      write(content, at, copy);
    },
    async sync() {
      await disk.call();
      failWhenAsked(content);
      content.synced = content.seen;
      content.unsynced = [];
    },
    async truncate(size) {
      await disk.call(() => write(content, size));
      disk.room += content.seen.length - size;
      write(content, size);
    },
    async close() {},
  });
  return disk;
}

/** `before` with `bytes` at `at`, or without bytes: cut or grown to `at`. */
function written(before: Pages, at: number, bytes?: Uint8Array): Pages {
  return bytes ? before.written(at, bytes) : before.resized(at);
}
