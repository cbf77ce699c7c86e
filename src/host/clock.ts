/** The machine's own time. */
import type { Clock } from "#base/clock.ts";
import type { Offset } from "#base/cron.ts";

/** setTimeout takes at most a signed 32-bit number of milliseconds; longer waits are taken in turns. */
const LONGEST = 2 ** 31 - 1;

export const hostClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout;
    const arm = (left: number) => {
      timer = setTimeout(() => (left > LONGEST ? arm(left - LONGEST) : run()), Math.min(left, LONGEST));
      timer.unref();
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const aborted = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = hostClock.after(ms, () => {
        signal?.removeEventListener("abort", aborted);
        resolve();
      });
      signal?.addEventListener("abort", aborted, { once: true });
    });
  },
};

/** The machine's own time zone. */
export const localOffset: Offset = at => -new Date(at).getTimezoneOffset();
