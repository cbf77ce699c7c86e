import { atomic, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ObjectReference = atomic(
  object("ObjectReference", "", {
    kind: string(1, ""),
    namespace: string(2, ""),
    name: string(3, ""),
    uid: string(4, ""),
    apiVersion: string(5, ""),
    resourceVersion: string(6, ""),
    fieldPath: string(7, ""),
  }),
);
export interface ObjectReference extends ObjectOf<typeof ObjectReference> {}

export const LocalObjectReference = atomic(
  object("LocalObjectReference", "", {
    name: string(1, "").default(""),
  }),
);
export interface LocalObjectReference extends ObjectOf<typeof LocalObjectReference> {}

export const TypedLocalObjectReference = atomic(
  object("TypedLocalObjectReference", "", {
    apiGroup: string(1, ""),
    kind: string(2, "").required().always(),
    name: string(3, "").required().always(),
  }),
);
export interface TypedLocalObjectReference extends ObjectOf<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = object("TypedObjectReference", "", {
  apiGroup: string(1, ""),
  kind: string(2, "").required().always(),
  name: string(3, "").required().always(),
  namespace: string(4, ""),
});
export interface TypedObjectReference extends ObjectOf<typeof TypedObjectReference> {}

export const SecretReference = atomic(
  object("SecretReference", "", {
    name: string(1, ""),
    namespace: string(2, ""),
  }),
);
export interface SecretReference extends ObjectOf<typeof SecretReference> {}
