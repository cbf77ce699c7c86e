import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import type { ObjectOf } from "#schema/notation.ts";

export const Binding = kind(
  {
    group: "",
    version: "v1",
    kind: "Binding",
    plural: "bindings",
    namespaced: true,
    doc: "Puts a pod on a node.",
    home: "io.k8s.api.core.v1",
    fields: {
      target: ObjectReference(2, "The node.").required().always(),
    },
  },
  { verbs: ["create"], ephemeral: true },
);
export interface Binding extends ObjectOf<typeof Binding> {}
