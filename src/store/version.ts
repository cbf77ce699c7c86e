import type { Entry, Key, LeaseId, Revision } from "./contract.ts";

/** Where in the log a cell (record.ts) lies: its segment, its first byte there, its length. */
export interface Place {
  readonly segment: number;
  readonly at: number;
  readonly size: number;
}
/**
 * One version of a key as this process knows it: an entry or, with `version` 0, the deletion of one. Its value may still
 * lie in the log: then it is UNREAD.
 */
export interface Version extends Entry {
  value: Uint8Array;
  createRevision: Revision;
  version: number;
  lease: LeaseId;
  segment: number;
  at: number;
  size: number;
  /** Which of its revision's changes it is, from 0 on; known when it was read from the log, or is about to be written. */
  sub: number;
  /** What it replaced, while it is in a batch that is not in the log yet; null: nothing. */
  before: Version | null | undefined;
}
/** The version before another of its key. */
export interface Link extends Place {
  readonly modRevision: Revision;
}

/** Stands for a value that has not been read from the log; compared by identity. */
export const UNREAD = new Uint8Array(0);
export const isDead = (version: Version) => version.version === 0;
export const isUnread = (entry: Entry) => entry.value === UNREAD;
/** Deletions have no value. */
export const isToRead = (version: Version) => isUnread(version) && !isDead(version);

export const versionOf = (entry: Entry, sub: number, before?: Version | null): Version => ({
  key: entry.key,
  value: entry.value,
  createRevision: entry.createRevision,
  modRevision: entry.modRevision,
  version: entry.version,
  lease: entry.lease,
  segment: 0,
  at: 0,
  size: 0,
  sub,
  before,
});
/** The version that lies there in the log, of which no more is known yet. */
export const versionAt = (key: Key, modRevision: Revision, segment: number, at: number, size: number): Version => ({
  key,
  value: UNREAD,
  createRevision: 0,
  modRevision,
  version: 0,
  lease: 0n,
  segment,
  at,
  size,
  sub: 0,
  before: undefined,
});
