/** GET /coxswain/snapshot: the whole store as a snapshot, for who may read everything (the administrators' group, and who is granted the path). */
import type { PathHandler } from "#apiserver/paths.ts";
import { failure } from "#base/status.ts";

export const SNAPSHOT_PATH = "/coxswain/snapshot";

/** `snapshot` begins to be made when it is read, so that no time limit of a request holds for it; its hash tells whether it came whole. */
export function snapshotPath(snapshot: () => AsyncIterable<Uint8Array>): PathHandler {
  return call => {
    if (call.info.path !== SNAPSHOT_PATH) return undefined;
    if (call.http.method !== "GET") throw failure(405, "MethodNotAllowed", "a snapshot is read with GET", {});
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body: snapshot() };
  };
}
