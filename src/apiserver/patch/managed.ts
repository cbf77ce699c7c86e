/**
 * metadata.managedFields: who manages which fields of an object (KEP-555). One entry a manager, operation, version and subresource;
 * every write that is no apply adds what it changed to its manager's entry and takes it from all others.
 */

import { difference, type FieldSet, isEmpty, LEAF, union, without } from "#apiserver/patch/fieldset.ts";
import { outline } from "#apiserver/patch/outline.ts";
import { renewed } from "#apiserver/patch/renew.ts";
import {
  bySpelling,
  identityOf,
  isReset,
  type ManagedEntry,
  type ManagedKind,
  type ManagedObject,
  readShares,
  type Share,
  seconds,
  stripped,
  type Writer,
  writeShares,
} from "#apiserver/patch/shares.ts";
import { compare } from "#apiserver/patch/typed.ts";
import { limits } from "#base/limits.ts";
import { freeze } from "#base/plain.ts";
import { Recent } from "#base/recent.ts";
import { formatTime } from "#base/time.ts";
import { apiVersionOf } from "#kinds/kind.ts";
import { zeroOf } from "#schema/decode.ts";

/** The shares that a write starts from: those it brings along itself, if it may, else the live ones. */
function sharesFor(live: ManagedObject | undefined, next: ManagedObject, subresource: string): Map<string, Share> {
  const liveShares = () => readShares(live?.metadata.managedFields) ?? new Map<string, Share>();
  if (subresource !== "") return liveShares();
  const given = next.metadata.managedFields;
  if (isReset(given)) return new Map();
  const shares = readShares(given);
  return shares && shares.size > 0 ? shares : liveShares();
}

/** The object without its managedFields, sharing all else. */
export function bare<T extends ManagedObject>(object: T): T {
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Takes what changed from all shares but the writer's, and what was removed from all. */
export function disown(shares: Map<string, Share>, changed: FieldSet, removed: FieldSet, except?: string): void {
  for (const [id, share] of shares) {
    if (id === except) continue;
    const set = difference(difference(share.set, changed), removed);
    if (isEmpty(set)) shares.delete(id);
    else if (set !== share.set) shares.set(id, { ...share, set });
  }
}

/** What a write through a door changes: what is set, what is gone, and what its writer manages from then on. */
interface Change {
  readonly set: FieldSet;
  readonly gone: FieldSet;
  readonly own: FieldSet;
}
function changeOf({ schema }: ManagedKind, live: unknown, next: unknown, { reset }: Writer): Change {
  const all = compare(schema, live, next);
  const keep = (set: FieldSet) => (reset ? without(set, reset) : set);
  const set = union(keep(all.modified), keep(all.added));
  return { set, gone: keep(all.removed), own: stripped(set) };
}
/** Changes from nothing, by the door (its reset fields, or the type) and the new object's outline: thousands of Events have one outline. */
const creations = new WeakMap<object, Recent<Change>>();
function creationOf(kind: ManagedKind, next: unknown, writer: Writer): Change {
  const zero = zeroOf(kind.schema);
  const drawn = outline(zero, next);
  if (drawn === undefined) return changeOf(kind, zero, next, writer);
  const door = writer.reset ?? kind.schema;
  let known = creations.get(door);
  if (!known) {
    known = new Recent(limits.outlines);
    creations.set(door, known);
  }
  return known.get(drawn, () => freeze(changeOf(kind, zero, next, writer)));
}
/** Adds what a write changed to its manager's share; a creation (`live` undefined) begins with what its kind says of itself. */
export function track(shares: Map<string, Share>, kind: ManagedKind, live: unknown, next: unknown, writer: Writer): void {
  const { set, gone, own } = live === undefined ? creationOf(kind, next, writer) : changeOf(kind, live, next, writer);
  const share: Share = {
    manager: writer.manager || "unknown",
    applied: false,
    apiVersion: apiVersionOf(kind),
    subresource: writer.subresource,
    time: formatTime(writer.now),
    set: own,
  };
  const id = identityOf(share);
  disown(shares, set, gone, id);
  const previous = shares.get(id);
  const kept = previous && difference(previous.set, gone);
  if (!isEmpty(own)) {
    if (kept) share.set = union(own, kept);
    shares.set(id, share);
  } else if (previous && kept !== previous.set) {
    if (isEmpty(kept!)) shares.delete(id);
    else shares.set(id, { ...previous, set: kept! });
  }
}

/** Merges the oldest update managers of a version into one, once there are too many. */
function cap(shares: Map<string, Share>): void {
  if (shares.size <= limits.updateManagers) return;
  const updaters = [...shares].filter(([, s]) => !s.applied);
  let count = updaters.length;
  if (count <= limits.updateManagers) return;
  updaters.sort(([, s], [, t]) => seconds(s.time) - seconds(t.time) || bySpelling(s, t));
  const first = new Map<string, string>();
  for (const [id, share] of updaters) {
    if (count <= limits.updateManagers) break;
    const firstId = first.get(share.apiVersion);
    if (firstId === undefined) {
      first.set(share.apiVersion, id);
      continue;
    }
    const bucket: Share = { ...share, manager: "ancient-changes", subresource: "" };
    const bucketId = identityOf(bucket);
    const gathered = shares.get(bucketId) ?? shares.get(firstId);
    if (!shares.has(bucketId)) shares.delete(firstId);
    bucket.set = union(share.set, gathered?.set ?? LEAF);
    shares.delete(id);
    shares.set(bucketId, bucket);
    count--;
  }
}

/**
 * The managedFields of `next`, which a create (live is undefined), update or patch is about to store. Both objects are decoded and
 * defaulted; neither is changed. An object that has no managedFields yet stays without, as upstream has it.
 */
export function manage<T extends ManagedObject>(
  kind: ManagedKind,
  live: T | undefined,
  next: T,
  writer: Writer,
): ManagedEntry[] | undefined {
  const entries = live && renewed(kind, live, next, writer);
  if (entries) return entries;
  const shares = sharesFor(live, next, writer.subresource);
  if (shares.size === 0 && live?.metadata.uid) return undefined;
  // that managedFields themselves differ makes no difference: nobody manages them
  track(shares, kind, live, live ? next : bare(next), writer);
  cap(shares);
  return writeShares(shares);
}
