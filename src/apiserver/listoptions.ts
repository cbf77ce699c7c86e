/** The query of lists and watches, checked as upstream checks it (meta/internalversion/validation). */

import { ROOT } from "#apiserver/keys.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { badRequest, failure } from "#base/status.ts";
import { keyOf, type Revision, type Store } from "#store/contract.ts";

export interface ListQuery {
  readonly limit: number;
  readonly continue: string;
  /** undefined: the client did not say. */
  readonly resourceVersion: Revision | undefined;
  readonly match: string;
  readonly watch: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const raw = query.get(name);
  if (raw === null || raw === "") return undefined;
  if (!/^-?\d+$/.test(raw)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(raw)}: invalid syntax`);
  return Number(raw);
}
export function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const raw = query.get(name);
  if (raw === null) return undefined;
  return raw.toLowerCase() !== "false" && raw !== "0";
}
/** A resourceVersion as clients send it; throws BadRequest. */
export function revisionOf(raw: string | null): Revision | undefined {
  if (!raw) return undefined;
  if (!/^\d+$/.test(raw) || !Number.isSafeInteger(Number(raw)))
    throw badRequest(`invalid resource version: strconv.ParseUint: parsing ${JSON.stringify(raw)}: invalid syntax`);
  return Number(raw);
}

export function listQuery(query: URLSearchParams, watch: boolean): ListQuery {
  const report = new Report();
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const token = query.get("continue") ?? "";
  const initial = boolean(query, "sendInitialEvents");
  const at = root.child("resourceVersionMatch");
  const again = "resourceVersionMatch is forbidden when continue is provided";
  if (watch) {
    if (initial !== undefined && match !== "NotOlderThan")
      report.forbidden(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (match) {
      if (initial === undefined) report.forbidden(at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
      if (match !== "NotOlderThan") report.notSupported(at, match, ["NotOlderThan"]);
      if (token) report.forbidden(at, again);
    }
  } else {
    if (match) {
      if (!version) report.forbidden(at, "resourceVersionMatch is forbidden unless resourceVersion is provided");
      if (token) report.forbidden(at, again);
      if (match !== "Exact" && match !== "NotOlderThan") report.notSupported(at, match, ["Exact", "NotOlderThan", ""]);
      if (match === "Exact" && version === "0") report.forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
    if (initial !== undefined) report.forbidden(root.child("sendInitialEvents"), "sendInitialEvents is forbidden for list");
  }
  if (!report.ok) throw invalid("meta.k8s.io", "ListOptions", "", report.errors);
  if (token && version && version !== "0") throw badRequest("specifying resource version is not allowed when using continue");
  return {
    limit: Math.max(0, integer(query, "limit") ?? 0),
    continue: token,
    resourceVersion: revisionOf(version),
    match,
    watch,
    sendInitialEvents: initial,
    bookmarks: boolean(query, "allowWatchBookmarks") ?? false,
    timeoutSeconds: integer(query, "timeoutSeconds"),
  };
}

/** A revision that another server on the same store handed out may be news here: a read of the newest brings it. */
export async function heardOf(store: Store, asked: Revision = 0): Promise<void> {
  if (asked > store.revision) await store.get(keyOf(ROOT));
}

/** The 504 for a revision that is not there yet; client-go knows its cause. */
export function tooLargeVersion(asked: Revision, current: Revision) {
  return failure(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
