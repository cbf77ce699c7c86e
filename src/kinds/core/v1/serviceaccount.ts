import { LocalObjectReference, ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { bool, list, type ObjectOf } from "#schema/notation.ts";

export const ServiceAccount = kind(
  {
    group: "",
    version: "v1",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.core.v1",
    fields: {
      secrets: list(2, ObjectReference, "").key("name").patch("merge", "name"),
      imagePullSecrets: list(3, LocalObjectReference, "").atomic(),
      automountServiceAccountToken: bool(4, ""),
    },
  },
  { short: ["sa"], deleteReturnsObject: true },
);
export interface ServiceAccount extends ObjectOf<typeof ServiceAccount> {}
