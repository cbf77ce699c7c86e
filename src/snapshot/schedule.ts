import type { Cancel, Clock } from "#base/clock.ts";
import { type Cron, nextTime, type Offset } from "#base/cron.ts";

export interface ScheduleParts {
  readonly cron: Cron;
  readonly clock: Clock;
  readonly offset: Offset;
  /** May take longer than the time to its next run, which is then left out. */
  readonly run: () => Promise<void>;
  readonly failed: (error: Error) => void;
}
/** The wall's clock may be set anew meanwhile: it is looked at this often. */
const LOOK_MS = 10 * 60_000;

/** Runs at the times of the schedule until the result is called, which waits for a run that is under way. */
export function onSchedule({ cron, clock, offset, run, failed }: ScheduleParts): () => Promise<void> {
  let timer: Cancel | undefined;
  let running: Promise<void> | undefined;
  let ended = false;
  const arm = (after: number) => {
    const due = nextTime(cron, after, offset);
    if (due === undefined || ended) return;
    timer = clock.after(Math.min(Math.max(0, due - clock.now()), LOOK_MS), () => {
      const now = clock.now();
      // Set back by more than a look, the wall's clock is begun with anew.
      if (now < due) return arm(after > now + LOOK_MS ? now : after);
      running ??= run()
        .catch(failed)
        .finally(() => {
          running = undefined;
        });
      arm(now);
    });
  };
  arm(clock.now());
  return async () => {
    ended = true;
    timer?.();
    await running;
  };
}
