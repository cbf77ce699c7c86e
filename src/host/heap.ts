/** The process's memory: how much it has, and how far its heap may grow between two full collections. */
import { setFlagsFromString } from "node:v8";

/** Per cent of what the last full collection left: V8's own most (it takes less for a small heap). */
const GROWTH = 300;

/**
 * For a process whose memory is mostly buffers: V8 counts these as growth of a heap that is small itself, and would collect all
 * of it after every 16 MiB that have passed through. Read anew by V8 at each collection.
 */
export function collectSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
}

/** Bytes of this process that are in memory. */
export const resident = (): number => process.memoryUsage.rss();
