import { root } from "#base/fielderror.ts";
import { kind } from "#kinds/kind.ts";
import { int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const BoundObjectReference = object("BoundObjectReference", "", {
  kind: string(1, ""),
  apiVersion: string(2, ""),
  name: string(3, ""),
  uid: string(4, ""),
});
export interface BoundObjectReference extends ObjectOf<typeof BoundObjectReference> {}

export const TokenRequestSpec = object("TokenRequestSpec", "", {
  audiences: list(1, string, "").always().atomic(),
  expirationSeconds: int64(4, ""),
  boundObjectRef: BoundObjectReference(3, ""),
});
export interface TokenRequestSpec extends ObjectOf<typeof TokenRequestSpec> {}

export const TokenRequestStatus = object("TokenRequestStatus", "", {
  token: string(1, "").always(),
  expirationTimestamp: time(2, "").always(),
});
export interface TokenRequestStatus extends ObjectOf<typeof TokenRequestStatus> {}

export const TokenRequest = kind(
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    plural: "tokenrequests",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.authentication.v1",
    fields: {
      spec: TokenRequestSpec(2, "").always(),
      status: TokenRequestStatus(3, "").always(),
    },
  },
  {
    verbs: [],
    ephemeral: true,
    rules: {
      defaults: r => {
        r.spec.expirationSeconds ??= 3600;
      },
      validate: ({ spec }, report) => {
        const at = root.child("spec", "expirationSeconds");
        const seconds = spec.expirationSeconds ?? 3600;
        if (seconds < 600) report.invalid(at, seconds, "may not specify a duration less than 10 minutes");
        if (seconds > 2 ** 32) report.invalid(at, seconds, "may not specify a duration larger than 2^32 seconds");
      },
    },
  },
);
export interface TokenRequest extends ObjectOf<typeof TokenRequest> {}
