import { PodSpec } from "#kinds/core/v1/podspec.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodTemplateSpec = object("PodTemplateSpec", "", {
  metadata: ObjectMeta(1, "").always(),
  spec: PodSpec(2, "").always(),
});
export interface PodTemplateSpec extends ObjectOf<typeof PodTemplateSpec> {}
