/** What the services of etcd's API share: the store, who this member is, and the machine's ports. */
import { text, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Call } from "#base/rpc.ts";
import type { LocalStore, Revision } from "#store/contract.ts";
import type { Auth } from "./auth.ts";
import { etcdError } from "./errors.ts";

/** The release of etcd whose behaviour is served; clients choose features by it. */
export const ETCD_VERSION = "3.6.16";
export const STORAGE_VERSION = "3.6.0";
export const CLUSTER_VERSION = "3.6";
/** One member has one term: that of its own election. */
const TERM = 2;

export interface Server {
  readonly store: LocalStore;
  readonly auth: Auth;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly name: string;
  readonly clusterId: number;
  readonly memberId: number;
  readonly clientUrls: readonly string[];
  /** Where it would be called by other members, if there were any; until a call says otherwise. */
  readonly peerUrls: readonly string[];
  /** Bytes that a store may grow to, as told by Status. */
  readonly quota: number;
  /** Bytes of a request that changes something. */
  readonly requestBytes: number;
  /** Operations of a transaction. */
  readonly txnOperations: number;
  /** Milliseconds without events after which a watch that asked for it is told how far it has come. */
  readonly watchQuiet: number;
  /** Bytes of the process that are in memory. */
  readonly resident: () => number;
  /** The store as a snapshot of etcd's (bbolt's file and its SHA-256). */
  readonly snapshot: (store: LocalStore) => Promise<Snapshot>;
}

export interface Snapshot {
  /** Bytes, with the hash at its end. */
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export function headerOf(server: Server, revision: Revision = server.store.revision) {
  return { clusterId: server.clusterId, memberId: server.memberId, revision, raftTerm: TERM };
}
/** Throws ErrRequestTooLarge's words. */
export function checkSize(server: Server, call: Call): void {
  if (call.bytes > server.requestBytes) throw etcdError("requestTooLarge");
}

/** The name in the store's meta of this member's and its cluster's numbers. */
const MEMBER = "etcd/member";

/** Drawn once for a store, and kept in it: below 2^53, so that they are exact everywhere. */
export async function memberOf(store: LocalStore, chance: Chance): Promise<{ clusterId: number; memberId: number }> {
  const kept = store.meta.get(MEMBER);
  if (kept) return JSON.parse(text(kept)) as { clusterId: number; memberId: number };
  const drawn = () => 2 ** 52 + chance.bytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
  const member = { clusterId: drawn(), memberId: drawn() };
  await store.meta.set(MEMBER, utf8(JSON.stringify(member)));
  return member;
}
