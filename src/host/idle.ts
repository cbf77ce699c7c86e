/**
 * Memory given back once a process has nothing to do. V8 collects when it allocates, so what a start or a burst of work has left
 * stays resident for as long as a process is idle. It needs node's --expose-gc, and does nothing without.
 */
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";

export interface IdleParts {
  readonly clock: Clock;
  /** CPU time for each unit of time since it was last asked. */
  readonly utilization: () => number;
  /** Bytes of heap in memory. */
  readonly heap: () => number;
  /** Collects and shrinks; `thorough`: also what only a second look finds, at several times the pause. */
  readonly collect: (thorough: boolean) => void;
}
/** Flags of node that a process needs which calls freeWhenIdle(processHeap(…)). */
export const IDLE_FLAGS = ["--expose-gc"];

/** This process; undefined where node was started without the flag. */
export function processHeap(clock: Clock): IdleParts | undefined {
  const { gc } = globalThis;
  if (!gc) return undefined;
  // Its own share of a core tells the same as the event loop's, whose meter would have to be loaded.
  const look = () => ({ cpu: process.cpuUsage(), at: process.hrtime.bigint() });
  let last = look();
  return {
    clock,
    utilization() {
      const now = look();
      const worked = now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system;
      const passed = Number(now.at - last.at) / 1000;
      last = now;
      return worked / passed;
    },
    heap: () => process.memoryUsage().heapTotal,
    collect: thorough => gc(thorough ? { type: "major", execution: "sync", flavor: "last-resort" } : { type: "major", execution: "sync" }),
  };
}

/** Looks now and then, and collects where it has been quiet for some looks and the heap has grown since the last time. */
export function freeWhenIdle(parts: IdleParts | undefined): Cancel {
  if (!parts) return () => undefined;
  const { clock, utilization, heap, collect } = parts;
  let quiet = 0;
  let floor = 0;
  let cancel: Cancel;
  const look = () => {
    quiet = utilization() < limits.idleUtilization ? quiet + 1 : 0;
    const size = heap();
    if (quiet >= limits.idleLooks && size - floor > limits.idleGrowth) {
      collect(size <= limits.idleThoroughHeap);
      floor = heap();
    } else floor = Math.min(floor, size);
    cancel = clock.after(limits.idleLookMs, look);
  };
  cancel = clock.after(limits.idleLookMs, look);
  return () => cancel();
}
