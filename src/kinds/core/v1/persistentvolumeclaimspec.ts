import { TypedLocalObjectReference, TypedObjectReference } from "#kinds/core/v1/references.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const VolumeResourceRequirements = object("VolumeResourceRequirements", "How much storage is wanted.", {
  limits: map(1, quantity, "The most that is wanted."),
  requests: map(2, quantity, "The least that is wanted."),
});
export interface VolumeResourceRequirements extends ObjectOf<typeof VolumeResourceRequirements> {}

export const PersistentVolumeClaimSpec = object("PersistentVolumeClaimSpec", "What storage is wanted.", {
  accessModes: list(1, string, "How the volume will be mounted, such as ReadWriteOnce.")
    .oneOf("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
    .atomic(),
  selector: LabelSelector(4, "Which volumes come into question, by labels."),
  resources: VolumeResourceRequirements(2, "How much storage is wanted.").always(),
  volumeName: string(3, "The volume that serves the claim."),
  storageClassName: string(5, "The class of storage."),
  volumeMode: string(6, "Filesystem or Block; Filesystem unless stated.").oneOf("Block", "Filesystem"),
  dataSource: TypedLocalObjectReference(7, "A snapshot or claim whose contents the new volume starts with."),
  dataSourceRef: TypedObjectReference(8, "Like dataSource, for objects of any kind and of other namespaces."),
  volumeAttributesClassName: string(9, "The class of attributes that can be changed later, such as speed."),
});
export interface PersistentVolumeClaimSpec extends ObjectOf<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimTemplate = object("PersistentVolumeClaimTemplate", "What the claim of an ephemeral volume looks like.", {
  metadata: ObjectMeta(1, "Labels and annotations of the claim; nothing else.").always(),
  spec: PersistentVolumeClaimSpec(2, "What storage is wanted.").required().always(),
});
export interface PersistentVolumeClaimTemplate extends ObjectOf<typeof PersistentVolumeClaimTemplate> {}
