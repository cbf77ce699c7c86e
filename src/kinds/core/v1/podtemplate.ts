import { PodSpec } from "#kinds/core/v1/podspec.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodTemplateSpec = object("PodTemplateSpec", "What pods made from this look like.", {
  metadata: ObjectMeta(1, "Labels, annotations and the like of the pods.").always(),
  spec: PodSpec(2, "What the pods run.").always(),
});
export interface PodTemplateSpec extends ObjectOf<typeof PodTemplateSpec> {}
