/** Paths that are no resources. */

import type { Call, Next } from "#apiserver/call.ts";
import { type Health, health } from "#apiserver/health.ts";
import { json } from "#apiserver/respond.ts";
import type { Version } from "#apiserver/version.ts";
import type { HttpResponse } from "#base/http.ts";
import { wanted } from "#base/reading.ts";
import { pathNotFound } from "#base/status.ts";

/** Answers a path, or undefined when it is another's. */
export type PathHandler = (call: Call) => Promise<HttpResponse | undefined> | HttpResponse | undefined;

/** Answers the paths that begin so; what it is made of is read when the first of them is asked for. */
export function whenAsked(prefix: string, read: () => Promise<PathHandler>): PathHandler {
  let made: Promise<PathHandler> | undefined;
  return call => {
    if (!call.info.path.startsWith(prefix)) return undefined;
    made ??= wanted(read());
    return made.then(handle => handle(call));
  };
}

export interface PathOptions {
  readonly version: Version;
  readonly health: Health;
  readonly others: readonly PathHandler[];
}
export function paths(options: PathOptions): Next {
  return async call => {
    const { path } = call.info;
    if (path === "/version" || path === "/version/") return json(options.version);
    const healthy = await health(options.health, call);
    if (healthy) return healthy;
    for (const other of options.others) {
      const answer = await other(call);
      if (answer) return answer;
    }
    throw pathNotFound();
  };
}
