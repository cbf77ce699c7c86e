/** The process's memory: how much it has, and how far its heap may grow between two full collections. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";

/** Bytes, with those of buffers, that it may grow by at least. */
const GROWTH = 96 * 1024 * 1024;
/** The same for a large heap, in per cent of what the last full collection left: V8's own most (it takes less for a small heap). */
const PERCENT = 300;
const LOOK_MS = 5_000;
let isLooking = false;

/**
 * For a process whose memory is mostly buffers: V8 counts these as growth of a heap that is small itself, and would collect all
 * of it after every 16 MiB that have passed through. Read anew by V8 at each collection.
 */
export function collectSeldom(): void {
  look();
  if (isLooking) return;
  isLooking = true;
  setInterval(look, LOOK_MS).unref();
}
function look(): void {
  const percent = Math.max(PERCENT, Math.round((100 * GROWTH) / getHeapStatistics().used_heap_size));
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** Bytes of this process that are in memory. */
export const resident = (): number => process.memoryUsage.rss();
