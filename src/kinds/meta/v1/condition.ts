import { int64, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const Condition = object("Condition", "One aspect of an object's state.", {
  type: string(1, "Which aspect.").required().always(),
  status: string(2, "True, False or Unknown.").required().always(),
  observedGeneration: int64(3, "The generation of the object that the condition speaks of."),
  lastTransitionTime: time(4, "When the status last changed.").required().always(),
  reason: string(5, "Why, in one word for programs.").required().always(),
  message: string(6, "Why, in a sentence for people; may be empty.").required().always(),
});
export interface Condition extends ObjectOf<typeof Condition> {}
