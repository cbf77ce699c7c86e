import { kind } from "#kinds/kind.ts";
import { any, int64, type ObjectOf } from "#schema/notation.ts";

export const ControllerRevision = kind({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  namespaced: true,
  doc: "",
  home: "io.k8s.api.apps.v1",
  fields: {
    data: any(2, ""),
    revision: int64(3, "").required().always(),
  },
});
export interface ControllerRevision extends ObjectOf<typeof ControllerRevision> {}
