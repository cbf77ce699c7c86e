import { int64, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const Condition = object("Condition", "", {
  type: string(1, "").required().always(),
  status: string(2, "").required().always(),
  observedGeneration: int64(3, ""),
  lastTransitionTime: time(4, "").required().always(),
  reason: string(5, "").required().always(),
  message: string(6, "").required().always(),
});
export interface Condition extends ObjectOf<typeof Condition> {}
