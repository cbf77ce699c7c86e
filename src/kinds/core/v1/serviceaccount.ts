import { AGE, NAME } from "#kinds/columns.ts";
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
    doc: "An identity for the programs in pods.",
    home: "io.k8s.api.core.v1",
    fields: {
      secrets: list(2, ObjectReference, "Secrets that pods of this account may use, if that is enforced.")
        .key("name")
        .patch("merge", "name"),
      imagePullSecrets: list(3, LocalObjectReference, "Secrets with which images of this account's pods are pulled.").atomic(),
      automountServiceAccountToken: bool(4, "Whether pods get a token mounted; a pod's own setting goes before it."),
    },
  },
  {
    short: ["sa"],
    deleteReturnsObject: true,
    unconditionalUpdate: false,
    subresources: { others: { token: { kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] } } },
    ownColumns: true,
    columns: [NAME, { name: "Secrets", type: "string", doc: "The number of secrets listed.", cell: s => s.secrets?.length ?? 0 }, AGE],
  },
);
export interface ServiceAccount extends ObjectOf<typeof ServiceAccount> {}
