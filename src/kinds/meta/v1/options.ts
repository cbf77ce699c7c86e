import { bool, int64, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const GetOptions = object("GetOptions", "", {
  resourceVersion: string(1, ""),
});
export interface GetOptions extends ObjectOf<typeof GetOptions> {}

export const ListOptions = object("ListOptions", "", {
  labelSelector: string(1, ""),
  fieldSelector: string(2, ""),
  watch: bool(3, ""),
  allowWatchBookmarks: bool(9, ""),
  resourceVersion: string(4, ""),
  resourceVersionMatch: string(10, ""),
  timeoutSeconds: int64(5, ""),
  limit: int64(7, ""),
  continue: string(8, ""),
  sendInitialEvents: bool(11, ""),
  shardSelector: string(15, ""),
});
export interface ListOptions extends ObjectOf<typeof ListOptions> {}

export const CreateOptions = object("CreateOptions", "", {
  dryRun: list(1, string, "").atomic(),
  fieldManager: string(3, ""),
  fieldValidation: string(4, ""),
});
export interface CreateOptions extends ObjectOf<typeof CreateOptions> {}

export const UpdateOptions = object("UpdateOptions", "", {
  dryRun: list(1, string, "").atomic(),
  fieldManager: string(2, ""),
  fieldValidation: string(3, ""),
});
export interface UpdateOptions extends ObjectOf<typeof UpdateOptions> {}

export const PatchOptions = object("PatchOptions", "", {
  dryRun: list(1, string, "").atomic(),
  force: bool(2, ""),
  fieldManager: string(3, ""),
  fieldValidation: string(4, ""),
});
export interface PatchOptions extends ObjectOf<typeof PatchOptions> {}

export const Preconditions = object("Preconditions", "", {
  uid: string(1, ""),
  resourceVersion: string(2, ""),
});
export interface Preconditions extends ObjectOf<typeof Preconditions> {}

export const DeleteOptions = object("DeleteOptions", "", {
  apiVersion: string(0, "The API group and version of this object's schema."),
  kind: string(0, "The kind of this object."),
  gracePeriodSeconds: int64(1, ""),
  preconditions: Preconditions(2, ""),
  orphanDependents: bool(3, ""),
  propagationPolicy: string(4, ""),
  dryRun: list(5, string, "").atomic(),
  ignoreStoreReadErrorWithClusterBreakingPotential: bool(6, ""),
});
export interface DeleteOptions extends ObjectOf<typeof DeleteOptions> {}
