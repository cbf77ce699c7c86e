import { bool, bytes, map, string, type ObjectOf } from "#schema/notation.ts";
import { kind } from "#kinds/kind.ts";

export const Secret = kind({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
  doc: "",
  home: "io.k8s.api.core.v1",
  fields: {
    immutable: bool(5, ""),
    data: map(2, bytes, ""),
    stringData: map(4, string, ""),
    type: string(3, ""),
  },
});
export interface Secret extends ObjectOf<typeof Secret> {}
