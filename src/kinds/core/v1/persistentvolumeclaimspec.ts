import { TypedLocalObjectReference, TypedObjectReference } from "#kinds/core/v1/references.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const VolumeResourceRequirements = object("VolumeResourceRequirements", "", {
  limits: map(1, quantity, ""),
  requests: map(2, quantity, ""),
});
export interface VolumeResourceRequirements extends ObjectOf<typeof VolumeResourceRequirements> {}

export const PersistentVolumeClaimSpec = object("PersistentVolumeClaimSpec", "", {
  accessModes: list(1, string, "").oneOf("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod").atomic(),
  selector: LabelSelector(4, ""),
  resources: VolumeResourceRequirements(2, "").always(),
  volumeName: string(3, ""),
  storageClassName: string(5, ""),
  volumeMode: string(6, "").oneOf("Block", "Filesystem"),
  dataSource: TypedLocalObjectReference(7, ""),
  dataSourceRef: TypedObjectReference(8, ""),
  volumeAttributesClassName: string(9, ""),
});
export interface PersistentVolumeClaimSpec extends ObjectOf<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimTemplate = object("PersistentVolumeClaimTemplate", "", {
  metadata: ObjectMeta(1, "").always(),
  spec: PersistentVolumeClaimSpec(2, "").required().always(),
});
export interface PersistentVolumeClaimTemplate extends ObjectOf<typeof PersistentVolumeClaimTemplate> {}
