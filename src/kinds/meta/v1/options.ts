import { bool, int64, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const GetOptions = object("GetOptions", "How to read an object.", {
  resourceVersion: string(1, "How old the answer may be; the newest if empty."),
});
export interface GetOptions extends ObjectOf<typeof GetOptions> {}

export const ListOptions = object("ListOptions", "How to list or watch objects.", {
  labelSelector: string(1, "Only objects with these labels."),
  fieldSelector: string(2, "Only objects with these fields."),
  watch: bool(3, "Whether to report changes as they happen."),
  allowWatchBookmarks: bool(9, "Whether the watch may report mere progress."),
  resourceVersion: string(4, "How old the answer may be, or where the watch begins."),
  resourceVersionMatch: string(10, "How resourceVersion is meant: Exact or NotOlderThan."),
  timeoutSeconds: int64(5, "How long the request may last."),
  limit: int64(7, "The most items in one answer."),
  continue: string(8, "The token of an earlier answer, for its rest."),
  sendInitialEvents: bool(11, "Whether the watch begins with all objects, followed by a bookmark."),
  shardSelector: string(15, "Only objects of this part, by a hash of theirs."),
});
export interface ListOptions extends ObjectOf<typeof ListOptions> {}

export const CreateOptions = object("CreateOptions", "How to create an object.", {
  dryRun: list(1, string, "All: everything is done but the storing.").atomic(),
  fieldManager: string(3, "Who sets the fields."),
  fieldValidation: string(4, "What happens to unknown and repeated fields: Ignore, Warn or Strict."),
});
export interface CreateOptions extends ObjectOf<typeof CreateOptions> {}

export const UpdateOptions = object("UpdateOptions", "How to replace an object.", {
  dryRun: list(1, string, "All: everything is done but the storing.").atomic(),
  fieldManager: string(2, "Who sets the fields."),
  fieldValidation: string(3, "What happens to unknown and repeated fields: Ignore, Warn or Strict."),
});
export interface UpdateOptions extends ObjectOf<typeof UpdateOptions> {}

export const PatchOptions = object("PatchOptions", "How to change an object.", {
  dryRun: list(1, string, "All: everything is done but the storing.").atomic(),
  force: bool(2, "Whether apply takes fields over from others."),
  fieldManager: string(3, "Who sets the fields; needed for apply."),
  fieldValidation: string(4, "What happens to unknown and repeated fields: Ignore, Warn or Strict."),
});
export interface PatchOptions extends ObjectOf<typeof PatchOptions> {}

export const Preconditions = object("Preconditions", "What must hold for a deletion.", {
  uid: string(1, "The object has this uid."),
  resourceVersion: string(2, "The object has this version."),
});
export interface Preconditions extends ObjectOf<typeof Preconditions> {}

export const DeleteOptions = object("DeleteOptions", "How to delete an object.", {
  apiVersion: string(0, "The API group and version of this object's schema."),
  kind: string(0, "The kind of this object."),
  gracePeriodSeconds: int64(1, "How long the object gets to end; 0 means at once. The kind's own time unless stated."),
  preconditions: Preconditions(2, "What must hold; otherwise the request fails."),
  orphanDependents: bool(3, "The old form of propagationPolicy."),
  propagationPolicy: string(
    4,
    "What happens to what the object owns: Orphan leaves it, Background removes it afterwards, Foreground first.",
  ),
  dryRun: list(5, string, "All: everything is done but the deleting.").atomic(),
  ignoreStoreReadErrorWithClusterBreakingPotential: bool(
    6,
    "Whether an object that cannot be read is deleted all the same, without finalizers and hooks. Dangerous.",
  ),
});
export interface DeleteOptions extends ObjectOf<typeof DeleteOptions> {}
