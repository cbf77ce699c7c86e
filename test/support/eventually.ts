/** Waiting for what becomes true, with a deadline instead of a guess. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Tries again until `attempt` no longer throws, and gives its value; after `timeoutMs` throws what it threw last.
 * `what` names the awaited thing in that error.
 */
export async function eventually<T>(what: string, attempt: () => Promise<T> | T, timeoutMs = 30_000, pauseMs = 100): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) {
        throw new Error(`not within ${timeoutMs / 1000} s: ${what}: ${(error as Error).message}`, { cause: error });
      }
    }
    await sleep(pauseMs);
  }
}
