/**
 * What a store is: a revisioned key-value map with etcd v3's semantics (https://etcd.io/docs/v3.6/learning/api/).
 * Everything above speaks to this; memory.ts, the embedded one (log.ts over a file port, with an index port) and later
 * a real etcd implement it; case.ts is the one suite that all must pass.
 */

/** A key's bytes as Latin-1 code units, so that `<` orders keys as bytes do and a Map may hold them. Text keys: `keyOf`. */
export type Key = string;
export type Revision = number;

export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

export type Compare =
  | {
      readonly key: Key;
      readonly target: "version" | "create" | "mod" | "lease";
      readonly is: "=" | "!=" | "<" | ">";
      readonly than: number;
    }
  | { readonly key: Key; readonly target: "value"; readonly is: "=" | "!=" | "<" | ">"; readonly than: Uint8Array };

export type Op =
  | { readonly op: "put"; readonly key: Key; readonly value: Uint8Array; readonly lease?: number; readonly previous?: boolean }
  /** Deletes `key`, or with `to` all of [key, to). */
  | { readonly op: "delete"; readonly key: Key; readonly to?: Key; readonly previous?: boolean }
  | { readonly op: "get"; readonly key: Key; readonly to?: Key; readonly limit?: number };

export type OpResult =
  | { readonly op: "put"; readonly previous?: Entry }
  /** `previous` only when it was asked for. */
  | { readonly op: "delete"; readonly deleted: number; readonly previous?: readonly Entry[] }
  | { readonly op: "get"; readonly entries: readonly Entry[]; readonly count: number };

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
   * LeaseNotFound or NoSpace, and then nothing was written.
   */
  txn(compare: readonly Compare[], then: readonly Op[], otherwise?: readonly Op[]): Promise<TxnResult>;
  /**
   * In revision order, never a gap; ends when the signal is aborted or the store is closed. Slow readers are cut off with
   * SlowWatcher. One key alone: [key, key + "\0").
   */
  watch(from: Key, to: Key, options?: WatchOptions): Watch;
  /** A lease of `ttl` seconds; when it runs out, its keys are deleted in one revision. Throws LeaseExists. */
  grant(ttl: number, id?: number): Promise<Lease>;
  /** Starts the lease's time anew. Throws LeaseNotFound. */
  keepAlive(id: number): Promise<Lease>;
  /** Ends the lease and deletes its keys in one revision. Throws LeaseNotFound. */
  revoke(id: number): Promise<void>;
  /** Throws Compacted when it has been done already, FutureRevision when there is no such revision yet. */
  compact(revision: Revision): Promise<void>;
  /** Bytes on disk (0 in memory). */
  size(): number;
  close(): Promise<void>;
}
export interface Lease {
  readonly id: number;
  readonly ttl: number;
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
