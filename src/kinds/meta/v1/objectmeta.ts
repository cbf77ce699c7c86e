import { atomic, bool, fieldsV1, int64, list, map, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const OwnerReference = atomic(
  object("OwnerReference", "", {
    apiVersion: string(5, "").required().always(),
    kind: string(1, "").required().always(),
    name: string(3, "").required().always(),
    uid: string(4, "").required().always(),
    controller: bool(6, ""),
    blockOwnerDeletion: bool(7, ""),
  }),
);
export interface OwnerReference extends ObjectOf<typeof OwnerReference> {}

export const ManagedFieldsEntry = object("ManagedFieldsEntry", "", {
  manager: string(1, ""),
  operation: string(2, ""),
  apiVersion: string(3, ""),
  time: time(4, ""),
  fieldsType: string(6, ""),
  fieldsV1: fieldsV1(7, ""),
  subresource: string(8, ""),
});
export interface ManagedFieldsEntry extends ObjectOf<typeof ManagedFieldsEntry> {}

export const ObjectMeta = object("ObjectMeta", "", {
  name: string(1, ""),
  generateName: string(2, ""),
  namespace: string(3, ""),
  selfLink: string(4, ""),
  uid: string(5, ""),
  resourceVersion: string(6, ""),
  generation: int64(7, ""),
  creationTimestamp: time(8, ""),
  deletionTimestamp: time(9, ""),
  deletionGracePeriodSeconds: int64(10, ""),
  labels: map(11, string, ""),
  annotations: map(12, string, ""),
  ownerReferences: list(13, OwnerReference, "").key("uid").patch("merge", "uid"),
  finalizers: list(14, string, "").set().patch("merge"),
  managedFields: list(17, ManagedFieldsEntry, "").atomic(),
});
export interface ObjectMeta extends ObjectOf<typeof ObjectMeta> {}
