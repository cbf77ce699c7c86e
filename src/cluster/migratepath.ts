/** POST /coxswain/migrate: the running process moves its store to another place, for administrators; it answers with a line of JSON a step. */
import type { PathHandler } from "#apiserver/paths.ts";
import { utf8 } from "#base/bytes.ts";
import { failure } from "#base/status.ts";
import type { EtcdPlace } from "#cluster/datastore.ts";

export const MIGRATE_PATH = "/coxswain/migrate";
const PLACE = ["datastoreEndpoint", "datastoreCafile", "datastoreCertfile", "datastoreKeyfile"] as const;

/** One line of the answer; the last one is `moved` or `failed`. */
export type MigrateLine = { readonly progress: string } | { readonly failed: string } | { readonly moved: string };

/** A place without an endpoint is this machine's disk. */
export function migratePath(migrate: (target: EtcdPlace) => AsyncIterable<MigrateLine>): PathHandler {
  return call => {
    if (call.info.path !== MIGRATE_PATH) return undefined;
    if (call.http.method !== "POST") throw failure(405, "MethodNotAllowed", "a store is moved with POST", {});
    return { status: 200, headers: { "content-type": "application/jsonl" }, body: lines(migrate(placeIn(call.query))) };
  };
}
async function* lines(all: AsyncIterable<MigrateLine>): AsyncGenerator<Uint8Array> {
  for await (const line of all) yield utf8(`${JSON.stringify(line)}\n`);
}
function placeIn(query: URLSearchParams): EtcdPlace {
  return Object.fromEntries(PLACE.flatMap(key => (query.has(key) ? [[key, query.get(key)]] : []))) as EtcdPlace;
}
export function placeQuery(place: EtcdPlace): URLSearchParams {
  return new URLSearchParams(PLACE.flatMap(key => (place[key] === undefined ? [] : [[key, place[key]]])));
}
