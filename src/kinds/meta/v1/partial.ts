import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const PartialObjectMetadata = object("PartialObjectMetadata", "An object of any kind, without all but its metadata.", {
  metadata: ObjectMeta(1, "What every object carries.").always(),
});
export interface PartialObjectMetadata extends ObjectOf<typeof PartialObjectMetadata> {}
