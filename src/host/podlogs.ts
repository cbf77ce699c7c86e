/** Container log files on this machine's disk. */
import { createReadStream, createWriteStream, watch } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { LogFiles } from "#kubelet/ports.ts";

const missing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";
/** Milliseconds after which a follower looks even when nothing was seen to change. */
const LOOK = 1000;

export const hostLogFiles: LogFiles = {
  size: async path => (await stat(path).catch(() => undefined))?.size,
  list: async directory => readdir(directory).catch(() => []),
  async open(path) {
    const file = await open(path).catch(error => {
      if (missing(error)) return undefined;
      throw error;
    });
    if (!file) return undefined;
    const { dev, ino } = await file.stat();
    return {
      id: `${dev}:${ino}`,
      size: async () => (await file.stat()).size,
      async read(from, to) {
        const buffer = new Uint8Array(to - from);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
        return buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  },
  rename: (from, to) => rename(from, to),
  async compress(path) {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.tmp`));
    await rename(`${path}.tmp`, `${path}.gz`);
    await rm(path, { force: true });
  },
  async remove(path) {
    await rm(path, { force: true });
  },
  async *changes(directory, signal) {
    let wake: () => void = () => undefined;
    let changed = false;
    const notice = () => {
      changed = true;
      wake();
    };
    const watcher = watch(directory, { persistent: false }, notice);
    watcher.on("error", notice);
    signal.addEventListener("abort", notice, { once: true });
    try {
      while (!signal.aborted) {
        if (!changed) {
          await new Promise<void>(resolve => {
            const timer = setTimeout(resolve, LOOK);
            timer.unref();
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        changed = false;
        if (!signal.aborted) yield;
      }
    } finally {
      watcher.close();
      signal.removeEventListener("abort", notice);
    }
  },
};
