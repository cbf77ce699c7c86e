import { kind } from "#kinds/kind.ts";
import { DeleteOptions } from "#kinds/meta/v1/options.ts";
import type { ObjectOf } from "#schema/notation.ts";

export const Eviction = kind(
  {
    group: "policy",
    version: "v1",
    kind: "Eviction",
    plural: "evictions",
    namespaced: true,
    doc: "Asks that a pod be removed, as far as its disruption budget allows.",
    home: "io.k8s.api.policy.v1",
    fields: {
      deleteOptions: DeleteOptions(2, "How to delete the pod."),
    },
  },
  { verbs: [], ephemeral: true },
);
export interface Eviction extends ObjectOf<typeof Eviction> {}
