/** The store's file port (store/ports.ts) on the machine's file system. */
import { closeSync, constants, openSync, readSync, write, writeSync } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, statfs, unlink } from "node:fs/promises";
import { setImmediate } from "node:timers";
import { crc32 } from "node:zlib";
import { NoSpace } from "#store/contract.ts";
import { type Checksum, type File, type FileSystem, InUse, type Unlock } from "#store/ports.ts";
import { Pace } from "./pace.ts";
import { startOf } from "./processes.ts";

export const hostChecksum: Checksum = bytes => crc32(bytes);

export const hostFiles: FileSystem = {
  open: async (path, create) => {
    const handle = await room(open(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o600));
    return fileOf(path, handle);
  },
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  },
  async makeDirectory(path) {
    await room(mkdir(path, { recursive: true, mode: 0o700 }));
  },
  rename: (from, to) => room(rename(from, to)),
  remove: path => unlink(path),
  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async free(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
  lock,
};

function fileOf(path: string, handle: FileHandle): File {
  // Its own descriptor: each of its writes is write and fdatasync in one call, and one hop to another thread.
  let through: number | undefined;
  const pace = new Pace(setImmediate);
  return {
    path,
    size: async () => (await handle.stat()).size,
    async read(at, length) {
      const bytes = new Uint8Array(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await handle.read(bytes, got, length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return bytes.subarray(0, got);
    },
    readNow(parts) {
      let size = 0;
      for (const { length } of parts) size += length;
      // Not zeroed first; and a plain array, as from the other reads.
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
      let got = 0;
      for (const { at, length } of parts) {
        const shift = at - got;
        for (const end = got + length; got < end; ) {
          const read = readSync(handle.fd, bytes, got, end - got, shift + got);
          if (read === 0) throw new RangeError(`${path} ends before byte ${at + length}`);
          got += read;
        }
      }
      return bytes;
    },
    async writeThrough(at, bytes, alone) {
      through ??= openSync(path, constants.O_WRONLY | constants.O_DSYNC);
      const began = performance.now();
      if (alone && pace.isQuick(began)) {
        for (let done = 0; done < bytes.length; ) done += await room(writeNow(through, bytes, done, at + done));
        pace.took(performance.now() - began);
      } else for (let done = 0; done < bytes.length; ) done += await room(writeAt(through, bytes, done, at + done));
    },
    async write(at, bytes) {
      // A disk that has room for a part writes that part and fails only at the next call.
      for (let done = 0; done < bytes.length; )
        done += (await room(handle.write(bytes, done, bytes.length - done, at + done))).bytesWritten;
    },
    sync: () => room(handle.datasync()),
    truncate: size => handle.truncate(size),
    async close() {
      if (through !== undefined) closeSync(through);
      through = undefined;
      await handle.close();
    },
  };
}

const writeNow = async (fd: number, bytes: Uint8Array, from: number, at: number) => writeSync(fd, bytes, from, bytes.length - from, at);
const writeAt = (fd: number, bytes: Uint8Array, from: number, at: number) =>
  new Promise<number>((resolve, reject) =>
    write(fd, bytes, from, bytes.length - from, at, (error, written) => (error ? reject(error) : resolve(written))),
  );
const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);
/** Turns what the kernel says of a full disk or quota into NoSpace. */
async function room<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    throw code === "ENOSPC" || code === "EDQUOT" ? new NoSpace() : error;
  }
}

/**
 * A file with the holder's pid, the time that it was started and the machine's boot: a holder that was killed, whose pid
 * another process may have by now, or that ran before a reboot, holds nothing.
 */
async function lock(path: string): Promise<Unlock> {
  const own = `${process.pid} ${startOf(process.pid) ?? ""} ${await bootId()}\n`;
  const mine = `${path}.${process.pid}`;
  const handle = await open(mine, "w", 0o600);
  try {
    await handle.writeFile(own);
  } finally {
    await handle.close();
  }
  try {
    for (;;) {
      // A link appears with its content, so that nobody ever reads half a lock.
      const taken = await link(mine, path).then(
        () => true,
        error => {
          if (codeOf(error) === "EEXIST") return false;
          throw error;
        },
      );
      if (taken) return () => rm(path, { force: true });
      const holder = await readFile(path, "utf8").catch(() => "");
      const pid = await livePid(holder);
      if (pid !== undefined) throw new InUse(pid);
      await removeStale(path, holder, `${mine}.stale`);
    }
  } finally {
    await rm(mine, { force: true });
  }
}
/** Takes a dead holder's lock away; another's that came between is put back. */
async function removeStale(path: string, holder: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== holder) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}
async function livePid(holder: string): Promise<number | undefined> {
  const [pid, start, boot] = holder.trim().split(" ");
  if (!pid || boot !== (await bootId())) return undefined;
  return (startOf(Number(pid)) ?? "") === start ? Number(pid) : undefined;
}
async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "unknown")).trim();
}
