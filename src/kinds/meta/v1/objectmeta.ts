import { atomic, bool, fieldsV1, int64, list, map, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const OwnerReference = atomic(
  object("OwnerReference", "Names an owner; an object goes when all its owners are gone.", {
    apiVersion: string(5, "The API version of the owner.").required().always(),
    kind: string(1, "The owner's kind.").required().always(),
    name: string(3, "The owner's name.").required().always(),
    uid: string(4, "The owner's uid.").required().always(),
    controller: bool(6, "Whether the owner is the one that manages the object; at most one is."),
    blockOwnerDeletion: bool(7, "Whether the owner, deleted in the foreground, waits for this object."),
  }),
);
export interface OwnerReference extends ObjectOf<typeof OwnerReference> {}

export const ManagedFieldsEntry = object("ManagedFieldsEntry", "Which fields somebody has set.", {
  manager: string(1, "Who."),
  operation: string(2, "Apply or Update."),
  apiVersion: string(3, "The API version in which the fields are named."),
  time: time(4, "When the set of fields last changed."),
  fieldsType: string(6, "The form of fieldsV1; FieldsV1 is the only one."),
  fieldsV1: fieldsV1(7, "The fields, as a tree of their names."),
  subresource: string(8, "The subresource through which they were set."),
});
export interface ManagedFieldsEntry extends ObjectOf<typeof ManagedFieldsEntry> {}

export const ObjectMeta = object("ObjectMeta", "What every object carries.", {
  name: string(1, "The object's name, unique within its namespace and kind; it never changes."),
  generateName: string(2, "The beginning of a name that the server completes, if name is not given."),
  namespace: string(3, "The namespace in which the object lives; it never changes."),
  selfLink: string(4, "No longer used."),
  uid: string(5, "A value that tells objects of one name apart over time."),
  resourceVersion: string(
    6,
    "The state of the object; changes with every write. Sent back with an update it guards against overwriting others.",
  ),
  generation: int64(7, "Counts changes of what is wanted."),
  creationTimestamp: time(8, "When the object was made."),
  deletionTimestamp: time(9, "When the object is to be gone; set by a deletion that has to wait."),
  deletionGracePeriodSeconds: int64(10, "How long the object gets to end in an orderly way."),
  labels: map(11, string, "Names and values by which objects are grouped and picked."),
  annotations: map(12, string, "Names and values that tools attach; objects are not picked by them."),
  ownerReferences: list(13, OwnerReference, "The objects that this one belongs to.").key("uid").patch("merge", "uid"),
  finalizers: list(14, string, "Who still has to do something before the object is gone.").set().patch("merge"),
  managedFields: list(17, ManagedFieldsEntry, "Who has set which fields.").atomic(),
});
export interface ObjectMeta extends ObjectOf<typeof ObjectMeta> {}
