/** Paths that are no resources. */

import type { Call, Next } from "#apiserver/call.ts";
import { type Health, health } from "#apiserver/health.ts";
import { json } from "#apiserver/respond.ts";
import type { Version } from "#apiserver/version.ts";
import type { HttpResponse } from "#base/http.ts";
import { pathNotFound } from "#base/status.ts";

/** Answers a path, or undefined when it is another's. */
export type PathHandler = (call: Call) => Promise<HttpResponse | undefined> | HttpResponse | undefined;

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
