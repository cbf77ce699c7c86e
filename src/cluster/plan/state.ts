/**
 * GET /coxswain/state: everything in the store at one revision, as lines of JSON, for who may read everything (the administrators' group,
 * and who is granted the path). What a plan begins with; Secrets are told as they read, for a simulated machine mounts them.
 */
import type { PathHandler } from "#apiserver/paths.ts";
import { utf8 } from "#base/bytes.ts";
import { failure } from "#base/status.ts";
import type { Network } from "#cluster/create/snapshot.ts";
import { ALL_KEYS, type Entry, type Key, keyOf, type Revision, type Store } from "#store/contract.ts";

export const STATE_PATH = "/coxswain/state";
/** What a plan has no use for: what is only told about objects, and who wrote what. */
const LEFT_OUT: readonly Key[] = [keyOf("/registry/events/"), keyOf("/coxswain/journal")];

export interface State {
  readonly revision: Revision;
  readonly network: Network;
  readonly entries: readonly Entry[];
}
type Line = readonly [key: Key, value: string, createRevision: Revision, modRevision: Revision, version: number];

/** `store` shows plain values. */
export function statePath(store: Store, network: Network): PathHandler {
  return call => {
    if (call.info.path !== STATE_PATH) return undefined;
    if (call.http.method !== "GET") throw failure(405, "MethodNotAllowed", "the state is read with GET", {});
    return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: lines(store, network) };
  };
}
async function* lines(store: Store, { clusterDomain, serviceCidr, clusterCidr }: Network): AsyncGenerator<Uint8Array> {
  const { revision } = store;
  yield utf8(`${JSON.stringify({ revision, network: { clusterDomain, serviceCidr, clusterCidr } })}\n`);
  for await (const entries of store.scan("", ALL_KEYS, { revision })) {
    const kept = entries.filter(e => !LEFT_OUT.some(prefix => e.key.startsWith(prefix)));
    const text = kept.map(e => JSON.stringify([e.key, e.value.toBase64(), e.createRevision, e.modRevision, e.version] satisfies Line));
    if (text.length > 0) yield utf8(`${text.join("\n")}\n`);
  }
  // Its end: an answer that was cut off has none.
  yield utf8("end\n");
}

/** Reads what statePath answers. Throws when it is not whole. */
export function stateOf(text: string): State {
  const [first = "", ...rest] = text.trimEnd().split("\n");
  if (rest.pop() !== "end") throw new Error("the cluster's state came cut off");
  const entries = rest.map(line => {
    const [key, value, createRevision, modRevision, version] = JSON.parse(line) as Line;
    return { key, value: Uint8Array.fromBase64(value), createRevision, modRevision, version, lease: 0n };
  });
  return { ...(JSON.parse(first) as Pick<State, "revision" | "network">), entries };
}
