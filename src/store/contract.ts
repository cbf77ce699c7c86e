/**
 * What a store is: a revisioned key-value map with etcd v3's semantics (https://etcd.io/docs/v3.6/learning/api/).
 * Everything above speaks to this; memory.ts, the embedded one (log.ts over a file port, with an index port) and
 * a real etcd implement it; case.ts is the one suite that all must pass.
 */

/** A key's bytes as Latin-1 code units, so that `<` orders keys as bytes do and a Map may hold them. Text keys: `keyOf`. */
export type Key = string;
export type Revision = number;
/** Any int64 but 0, which stands for none: clients of etcd choose them at random among all of them. */
export type LeaseId = bigint;

/** Perhaps a view of where it lies, whose fields are not its own: to be copied by name (withValue), not by spreading. */
export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  /** 0: none. */
  readonly lease: LeaseId;
}

/** An entry, and which of its revision's changes it is: 0, or absent, is the first (etcd: the revision's sub). */
export interface Placed extends Entry {
  readonly sub?: number;
}

/**
 * Holds or not of one key, or with `to` of every key in [key, to). A key that is missing, or a range without keys, counts
 * as zeroes, and no comparison of its value holds.
 */
export type Compare =
  | {
      readonly key: Key;
      readonly to?: Key;
      readonly target: "version" | "create" | "mod";
      readonly is: "=" | "!=" | "<" | ">";
      readonly than: number;
    }
  | {
      readonly key: Key;
      readonly to?: Key;
      readonly target: "lease";
      readonly is: "=" | "!=" | "<" | ">";
      readonly than: LeaseId;
    }
  | {
      readonly key: Key;
      readonly to?: Key;
      readonly target: "value";
      readonly is: "=" | "!=" | "<" | ">";
      readonly than: Uint8Array;
    };

export type Op =
  | {
      readonly op: "put";
      readonly key: Key;
      readonly value: Uint8Array;
      readonly lease?: LeaseId;
      readonly previous?: boolean;
      /** Keep the value (`value` is not looked at), or the lease, that the key has; throws KeyNotFound where it is missing. */
      readonly ignoreValue?: boolean;
      readonly ignoreLease?: boolean;
    }
  /** Deletes `key`, or with `to` all of [key, to). */
  | { readonly op: "delete"; readonly key: Key; readonly to?: Key; readonly previous?: boolean }
  | {
      readonly op: "get";
      readonly key: Key;
      readonly to?: Key;
      readonly limit?: number;
      /** As of this revision, at most the newest before the transaction; throws Compacted or FutureRevision. */
      readonly revision?: Revision;
      readonly keysOnly?: boolean;
      readonly countOnly?: boolean;
    }
  /** A transaction within one. Its compares, too, see the state before the outermost one. (No field is a `then`: values that have one pass for promises.) */
  | { readonly op: "txn"; readonly compare: readonly Compare[]; readonly success: readonly Op[]; readonly failure?: readonly Op[] };

export type OpResult =
  | { readonly op: "put"; readonly previous?: Entry }
  /** `previous` only when it was asked for. */
  | { readonly op: "delete"; readonly deleted: number; readonly previous?: readonly Entry[] }
  /** `count`: all keys of the range, whatever the limit. */
  | { readonly op: "get"; readonly entries: readonly Entry[]; readonly count: number }
  | { readonly op: "txn"; readonly succeeded: boolean; readonly results: readonly OpResult[] };

export interface TxnResult {
  /** Whether every compare held. */
  readonly succeeded: boolean;
  /** The store's revision after the transaction. All its writes share one. */
  readonly revision: Revision;
  readonly results: readonly OpResult[];
}

export interface RangeOptions {
  /** As of this revision; throws Compacted or FutureRevision. Default: the newest. */
  readonly revision?: Revision;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  /** No entries, only how many there are. */
  readonly countOnly?: boolean;
}
export interface RangeResult {
  readonly entries: readonly Entry[];
  /** All keys of the range, whatever the limit. */
  readonly count: number;
  /** Whether the limit cut the answer. */
  readonly more: boolean;
  /** The store's revision when it was read. */
  readonly revision: Revision;
}

export type StoreEvent =
  | { readonly type: "put"; readonly entry: Entry; readonly previous?: Entry }
  /** `entry` has the key and the deletion's revision as modRevision, and no value. */
  | { readonly type: "delete"; readonly entry: Entry; readonly previous?: Entry };

/** Events of one or more whole revisions, in order; or none, as the progress mark asked for: all up to `revision` has been delivered. */
export interface Batch {
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
}
export interface WatchOptions {
  /** Events with a revision above this; 0 or absent: from now on. Throws Compacted when they are gone. */
  readonly after?: Revision;
  /** Give each event the entry that it replaced; events of the revision `compacted` itself may lack it. */
  readonly previous?: boolean;
  /** false: no events of puts, or of deletes (etcd: NOPUT, NODELETE). */
  readonly puts?: boolean;
  readonly deletes?: boolean;
  readonly signal?: AbortSignal;
}
/** One watch. It stands from the call of `watch` on, before it is first iterated; ending the iteration ends it. */
export interface Watch extends AsyncIterable<Batch> {
  /** Asks for a batch without events as soon as all events so far have been delivered (etcd: WatchProgressRequest). */
  progress(): void;
}

export interface Store {
  /** The newest revision that is durable. A fresh store stands at 1. */
  readonly revision: Revision;
  /** Revisions below this cannot be read any more. */
  readonly compacted: Revision;
  get(key: Key, revision?: Revision): Promise<Entry | undefined>;
  /** Entries of [from, to) in key order, all of one revision. For large ranges use `scan`. */
  range(from: Key, to: Key, options?: RangeOptions): Promise<RangeResult>;
  /** The same in batches, at one revision throughout; holds no lock or read transaction between batches. */
  scan(from: Key, to: Key, options?: RangeOptions): AsyncIterable<readonly Entry[]>;
  /**
   * Resolved, and visible to anyone, only when durable. A transaction without effect makes no revision. Throws InvalidTxn,
   * LeaseNotFound, KeyNotFound, NoSpace, or what its reads throw, and then nothing was written.
   */
  txn(compare: readonly Compare[], then: readonly Op[], otherwise?: readonly Op[]): Promise<TxnResult>;
  /**
   * In revision order, never a gap; ends when the signal is aborted or the store is closed. Slow readers are cut off with
   * SlowWatcher; a store that has as many watches as it takes throws TooManyWatches. One key alone: [key, key + "\0").
   */
  watch(from: Key, to: Key, options?: WatchOptions): Watch;
  /** A lease of `ttl` seconds; when it runs out, its keys are deleted in one revision. Throws LeaseExists. */
  grant(ttl: number, id?: LeaseId): Promise<Lease>;
  /** Starts the lease's time anew. Throws LeaseNotFound. */
  keepAlive(id: LeaseId): Promise<Lease>;
  /** Ends the lease and deletes its keys in one revision. Throws LeaseNotFound. */
  revoke(id: LeaseId): Promise<void>;
  /** The ids of all leases, in order. */
  leases(): Promise<readonly LeaseId[]>;
  /** Throws LeaseNotFound. */
  timeToLive(id: LeaseId): Promise<LeaseState>;
  /** Throws Compacted when it has been done already, FutureRevision when there is no such revision yet. */
  compact(revision: Revision): Promise<void>;
  /** Bytes on disk, or in memory. */
  size(): number;
  close(): Promise<void>;
}
export interface Lease {
  readonly id: LeaseId;
  /** Seconds. */
  readonly ttl: number;
}
export interface LeaseState extends Lease {
  /** Whole seconds until it runs out. */
  readonly remaining: number;
  /** The keys attached to it, in order. */
  readonly keys: readonly Key[];
}

/** A store whose files or memory are this process's own: what maintenance, snapshots and moving need beside. */
export interface LocalStore extends Store {
  /**
   * The number that etcd gives the same history up to `revision` (default: the newest), whatever the engine (hash.ts). Throws
   * Compacted or FutureRevision.
   */
  hash(revision?: Revision): Promise<{ readonly hash: number; readonly revision: Revision; readonly compacted: Revision }>;
  /** Gives back the room of what has been compacted; reads and writes go on. */
  defragment(): Promise<void>;
  /** Bytes of `size()` that hold what is retained. */
  inUse(): number;
  /**
   * "nospace": the store has outgrown its limit, or the disk is full; everything that puts or grants throws NoSpace, while
   * reads, deletions, revocations and compaction go on. "corrupt": what was read from the disk is not what was written.
   * They stand, also over a restart, until `disarm`; "nospace" of a full disk also ends by itself, when there is room again.
   */
  alarms(): readonly Alarm[];
  disarm(): Promise<void>;
  /** A few small durable values outside the revisions, by name. */
  readonly meta: {
    get(name: string): Uint8Array | undefined;
    /** Those that begin with `prefix`, in order. */
    names(prefix: string): readonly string[];
    set(name: string, value: Uint8Array | undefined): Promise<void>;
  };
  /**
   * All that another store needs to be equal to this one as it is now; writes and compactions meanwhile change nothing of
   * it. It must be iterated, to its end or until it is left: room is not given back meanwhile.
   */
  retained(): AsyncIterable<Retained>;
}
export type Alarm = "nospace" | "corrupt";

/** Parts of a store in this order: head, entries in key order as of `compacted`, changes of each later revision, leases, meta. */
export type Retained =
  | { readonly kind: "head"; readonly revision: Revision; readonly compacted: Revision; readonly lastLease: number }
  | { readonly kind: "entries"; readonly entries: readonly Placed[] }
  | RetainedChanges
  | { readonly kind: "lease"; readonly lease: Lease }
  | { readonly kind: "meta"; readonly name: string; readonly value: Uint8Array };

/** One whole revision; its events without `previous`. */
export interface RetainedChanges {
  readonly kind: "changes";
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
}

/** The revision asked for has been compacted (etcd: ErrCompacted). */
export class Compacted extends Error {
  readonly compacted: Revision;
  constructor(compacted: Revision) {
    super("mvcc: required revision has been compacted");
    this.compacted = compacted;
  }
}
/** The revision asked for has not been reached (etcd: ErrFutureRev). */
export class FutureRevision extends Error {
  readonly current: Revision;
  constructor(current: Revision) {
    super("mvcc: required revision is a future revision");
    this.current = current;
  }
}
/** No room: the disk is full or the size limit is reached (etcd: ErrNoSpace). Nothing was written. */
export class NoSpace extends Error {
  constructor() {
    super("mvcc: database space exceeded");
  }
}
/** The watcher did not keep up with its stated buffer. */
export class SlowWatcher extends Error {
  constructor() {
    super("the watch fell too far behind and was ended");
  }
}
/** There are as many watches as the store takes. */
export class TooManyWatches extends Error {
  constructor(most: number) {
    super(`the store has ${most} watches, and takes no more`);
  }
}
/** A put that is to keep what is not there (etcd: ErrKeyNotFound). */
export class KeyNotFound extends Error {
  constructor() {
    super("etcdserver: key not found");
  }
}
export class LeaseNotFound extends Error {
  constructor() {
    super("etcdserver: requested lease not found");
  }
}
export class LeaseExists extends Error {
  constructor() {
    super("etcdserver: lease already exists");
  }
}
/** A transaction that no store takes, e.g. one that writes a key twice. */
export class InvalidTxn extends Error {}
/** The store was closed, or has failed in a way that only opening it again can mend; the message says which. */
export class StoreClosed extends Error {}

/** The key of a text: its UTF-8 bytes as Latin-1 code units (the text itself where it is ASCII). */
export function keyOf(text: string): Key {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) {
      let out = "";
      for (const b of new TextEncoder().encode(text)) out += String.fromCharCode(b);
      return out;
    }
  }
  return text;
}
/** The same entry with another value. */
export const withValue = ({ key, createRevision, modRevision, version, lease }: Entry, value: Uint8Array): Entry => ({
  key,
  value,
  createRevision,
  modRevision,
  version,
  lease,
});
/** Above every key: [from, ALL_KEYS) is everything from `from` on. */
export const ALL_KEYS: Key = "\u0100";
/** The first key after all that begin with `prefix`. */
export function prefixEnd(prefix: Key): Key {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const c = prefix.charCodeAt(i);
    if (c < 0xff) return prefix.slice(0, i) + String.fromCharCode(c + 1);
  }
  return ALL_KEYS;
}
