/** What etcd's locks and elections stand on: keys under a prefix, one a lease, of which the oldest has its turn. */
import type { Call } from "#base/rpc.ts";
import { type Entry, type Key, type LeaseId, prefixEnd, type Revision } from "#store/contract.ts";
import { etcdError } from "./errors.ts";
import { grant } from "./lease.ts";
import type { Server } from "./server.ts";

/** Seconds of a lease that nobody named. */
const TTL = 60;

export interface Place {
  readonly key: Key;
  readonly lease: LeaseId;
  /** The revision at which the key came: the order of the queue. */
  readonly created: Revision;
  /** What the key held already, when it was there. */
  readonly value: Uint8Array | undefined;
  readonly revision: Revision;
}

/** Takes a place in the queue under `name`, or finds the lease's own; lease 0: a new one. */
export async function takePlace(server: Server, call: Call, name: Key, lease: LeaseId, value: Uint8Array): Promise<Place> {
  const { store, auth } = server;
  auth.mustBeKnown(call);
  const held = lease === 0n ? (await grant(server, TTL, 0n)).id : lease;
  const key = `${name}/${BigInt.asUintN(64, held).toString(16)}`;
  if (auth.enabled) {
    await auth.mayPut(call, { key, value, lease: held, prevKv: false, ignoreValue: false, ignoreLease: false });
    auth.mayRead(call, `${name}/`, prefixEnd(`${name}/`));
  }
  const { succeeded, revision, results } = await store.txn(
    [{ key, target: "create", is: "=", than: 0 }],
    [{ op: "put", key, value: new Uint8Array(value), lease: held }],
    [{ op: "get", key }],
  );
  const result = results[0]!;
  const present = !succeeded && result.op === "get" ? result.entries[0] : undefined;
  return { key, lease: held, created: present?.createRevision ?? revision, value: present?.value, revision };
}

/** Resolves when no key of the queue is older than `place`; the place is given up when the caller leaves first. */
export async function waitTurn({ store }: Server, call: Call, name: Key, place: Place): Promise<void> {
  const prefix = `${name}/`;
  try {
    for (;;) {
      const { entries, revision } = await store.range(prefix, prefixEnd(prefix));
      const ahead = youngest(entries.filter(entry => entry.createRevision < place.created));
      if (!ahead) return;
      // Only the deletion of the one ahead wakes this one, not every change of the queue.
      const watch = store.watch(ahead.key, `${ahead.key}\0`, { after: revision, puts: false, signal: call.signal });
      for await (const { events } of watch) if (events.length > 0) break;
      if (call.signal.aborted) throw etcdError("stopped");
    }
  } catch (error) {
    const own = { key: place.key, target: "create", is: "=", than: place.created } as const;
    await store.txn([own], [{ op: "delete", key: place.key }]);
    throw error;
  }
}
export function oldest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((a, b) => (a && a.createRevision < b.createRevision ? a : b), undefined);
}
function youngest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((a, b) => (a && a.createRevision > b.createRevision ? a : b), undefined);
}
