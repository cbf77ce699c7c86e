import { root } from "#base/fielderror.ts";
import { kind } from "#kinds/kind.ts";
import { int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const BoundObjectReference = object("BoundObjectReference", "The object that a token lives and dies with.", {
  kind: string(1, "Pod, Secret or Node."),
  apiVersion: string(2, "The API version of the object."),
  name: string(3, "The object's name."),
  uid: string(4, "The object's uid; another object of the same name does not count."),
});
export interface BoundObjectReference extends ObjectOf<typeof BoundObjectReference> {}

export const TokenRequestSpec = object("TokenRequestSpec", "What token is asked for.", {
  audiences: list(1, string, "For whom the token is meant; who is not among them should refuse it. Empty means the API server.")
    .always()
    .atomic(),
  expirationSeconds: int64(4, "How long the token should be good for; the server may choose another time. 3600 unless stated."),
  boundObjectRef: BoundObjectReference(3, "The token is good only while this object exists."),
});
export interface TokenRequestSpec extends ObjectOf<typeof TokenRequestSpec> {}

export const TokenRequestStatus = object("TokenRequestStatus", "The token that was made.", {
  token: string(1, "The token, as a JSON Web Token.").always(),
  expirationTimestamp: time(2, "When the token ceases to be good.").always(),
});
export interface TokenRequestStatus extends ObjectOf<typeof TokenRequestStatus> {}

export const TokenRequest = kind(
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    plural: "tokenrequests",
    namespaced: true,
    doc: "Asks for a token of a service account.",
    home: "io.k8s.api.authentication.v1",
    fields: {
      spec: TokenRequestSpec(2, "What token is asked for.").always(),
      status: TokenRequestStatus(3, "The token; filled in by the server.").always(),
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
