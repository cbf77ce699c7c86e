import { kind } from "#kinds/kind.ts";
import { bool, bytes, map, type ObjectOf, string } from "#schema/notation.ts";

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
