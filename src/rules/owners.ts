/** Whose an object is: the owner references of meta/v1. */
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";
import type { OwnerReference } from "#kinds/meta/v1/objectmeta.ts";

type Owned = { readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] | undefined } };

/** The reference to the object's managing controller, if it has one. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(r => r.controller === true);
}
export function isControlledBy(object: Owned, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}
/** The reference that a controller puts on what it makes. */
export function controllerReference(kind: Kind, owner: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name ?? "",
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}
/** A strategic merge patch that makes `owner` the controller of an orphan; the uid in it refuses a successor of the same name. */
export function adoption(kind: Kind, owner: KubeObject, orphan: KubeObject): unknown {
  return { metadata: { uid: orphan.metadata.uid, ownerReferences: [controllerReference(kind, owner)] } };
}
/** A strategic merge patch that takes the reference to `owner` away. */
export function release(owner: KubeObject, object: KubeObject): unknown {
  return { metadata: { uid: object.metadata.uid, ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }] } };
}
