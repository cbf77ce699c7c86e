import { atomic, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ObjectReference = atomic(
  object("ObjectReference", "Names an object, or a part of one.", {
    kind: string(1, "The object's kind."),
    namespace: string(2, "The object's namespace."),
    name: string(3, "The object's name."),
    uid: string(4, "The object's uid."),
    apiVersion: string(5, "The API version of the object."),
    resourceVersion: string(6, "The version of the object that is meant."),
    fieldPath: string(7, "The part of the object, such as spec.containers{web}."),
  }),
);
export interface ObjectReference extends ObjectOf<typeof ObjectReference> {}

export const LocalObjectReference = atomic(
  object("LocalObjectReference", "Names an object of the same namespace.", {
    name: string(1, "The object's name.").default(""),
  }),
);
export interface LocalObjectReference extends ObjectOf<typeof LocalObjectReference> {}

export const TypedLocalObjectReference = atomic(
  object("TypedLocalObjectReference", "Names an object of any kind in the same namespace.", {
    apiGroup: string(1, "The object's API group; the core group if absent."),
    kind: string(2, "The object's kind.").required().always(),
    name: string(3, "The object's name.").required().always(),
  }),
);
export interface TypedLocalObjectReference extends ObjectOf<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = object("TypedObjectReference", "Names an object of any kind.", {
  apiGroup: string(1, "The object's API group; the core group if absent."),
  kind: string(2, "The object's kind.").required().always(),
  name: string(3, "The object's name.").required().always(),
  namespace: string(4, "The object's namespace; another one than the claim's must be granted there."),
});
export interface TypedObjectReference extends ObjectOf<typeof TypedObjectReference> {}

export const SecretReference = atomic(
  object("SecretReference", "Names a secret in any namespace.", {
    name: string(1, "The secret's name."),
    namespace: string(2, "The secret's namespace."),
  }),
);
export interface SecretReference extends ObjectOf<typeof SecretReference> {}
