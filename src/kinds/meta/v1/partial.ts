import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const PartialObjectMetadata = object("PartialObjectMetadata", "", {
  metadata: ObjectMeta(1, "").always(),
});
export interface PartialObjectMetadata extends ObjectOf<typeof PartialObjectMetadata> {}
