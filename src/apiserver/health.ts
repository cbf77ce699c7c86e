/** /healthz, /livez and /readyz: all checks at once, or one by name; `?verbose` lists them, `?exclude=` leaves some out. */

import type { Call } from "#apiserver/call.ts";
import { plain } from "#apiserver/respond.ts";
import type { HttpResponse } from "#base/http.ts";
import { pathNotFound } from "#base/status.ts";

/** Undefined when all is well, else why not. */
export type Check = () => string | undefined | Promise<string | undefined>;
export type Checks = ReadonlyMap<string, Check>;
export interface Health {
  readonly livez: Checks;
  readonly readyz: Checks;
}

/** Answers a health path, or undefined when it is none. */
export async function health(checks: Health, call: Call): Promise<HttpResponse | undefined> {
  const m = /^\/(healthz|livez|readyz)(?:\/(.+?))?\/?$/.exec(call.info.path);
  if (!m) return undefined;
  const [, kind = "", one] = m;
  const set = kind === "readyz" ? checks.readyz : checks.livez;
  if (one) {
    const check = set.get(one);
    if (!check) throw pathNotFound();
    const why = await check();
    return why === undefined ? plain("ok") : plain(`internal server error: ${why}\n`, 500);
  }
  const excluded = new Set(call.query.getAll("exclude"));
  const lines: string[] = [];
  let failed = false;
  for (const [name, check] of set) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const why = await check();
    failed ||= why !== undefined;
    lines.push(why === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].map(e => JSON.stringify(e)).join(",")}`);
  if (failed) return plain(`${lines.join("\n")}\n${kind} check failed\n`, 500);
  return plain(call.query.has("verbose") ? `${lines.join("\n")}\n${kind} check passed\n` : "ok");
}
