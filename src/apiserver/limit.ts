/** How much the server takes on at once, and for how long (apiserver/pkg/server/filters: maxinflight, timeout). */

import { MASTERS } from "#apiserver/auth/users.ts";
import type { Call, Next, Stage } from "#apiserver/call.ts";
import { type Clock, Deadlines } from "#base/clock.ts";
import type { HttpResponse } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { failure, tooManyRequests } from "#base/status.ts";

const READS = new Set(["get", "list"]);
const TOO_LONG = "Timeout: request did not complete within requested timeout - context deadline exceeded";
const BUSY = () => tooManyRequests("Too many requests, please try again later.", 1);

/** Counts of what is under way, for /metrics. */
export class InFlight {
  reading = 0;
  mutating = 0;
  watching = 0;
}

/** Refuses with 429 what is too much at once, watches apart; cuts off with 504 what takes too long. */
export function limit(clock: Clock, inFlight: InFlight): Stage {
  const deadlines = new Deadlines(clock, limits.requestTimeout);
  return (call, next) => {
    if (call.info.verb === "watch" && inFlight.watching >= limits.watches) throw BUSY();
    if (call.lasts) return next(call);
    const field = READS.has(call.info.verb) ? "reading" : "mutating";
    const most = field === "reading" ? limits.readsInFlight : limits.writesInFlight;
    if (inFlight[field] >= most && !call.user.groups.includes(MASTERS)) throw BUSY();
    return new Promise((resolve, reject) => {
      inFlight[field]++;
      const cancel = deadlines.set(() => reject(failure(504, "Timeout", TOO_LONG, {})));
      const ended = () => {
        inFlight[field]--;
        cancel();
      };
      begun(next, call).then(
        response => {
          ended();
          resolve(response);
        },
        error => {
          ended();
          reject(error);
        },
      );
    });
  };
}
/** What is refused before anything has begun counts as what is refused later. */
export function begun(next: Next, call: Call): Promise<HttpResponse> {
  try {
    return next(call);
  } catch (error) {
    return Promise.reject(error);
  }
}
