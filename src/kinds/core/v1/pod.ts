import { PodSpec } from "#kinds/core/v1/podspec.ts";
import { PodStatus } from "#kinds/core/v1/podstatus.ts";
import { kind } from "#kinds/kind.ts";
import type { ObjectOf } from "#schema/notation.ts";

export const Pod = kind(
  {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: PodSpec(2, "").always(),
      status: PodStatus(3, "").always(),
    },
  },
  { short: ["po"], categories: ["all"], generation: true, deleteReturnsObject: true, subresources: { status: true } },
);
export interface Pod extends ObjectOf<typeof Pod> {}
