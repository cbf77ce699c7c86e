/** What a tab gives a cluster: the time that people live in, and turns of its event loop. */
import type { Clock } from "#base/clock.ts";

export const tabClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};

// A timer of zero would wait four milliseconds a turn; a message does not.
const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

/** Resolves in a later turn: by then no promise that waits for nothing else has anything to do. */
export function turn(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  });
}
