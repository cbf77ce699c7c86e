import { root } from "#base/fielderror.ts";
import { UserInfo } from "#kinds/authentication/v1/userinfo.ts";
import { kind } from "#kinds/kind.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const TokenReviewSpec = object("TokenReviewSpec", "", {
  token: string(1, "").required(),
  audiences: list(2, string, "").atomic(),
});
export interface TokenReviewSpec extends ObjectOf<typeof TokenReviewSpec> {}

export const TokenReviewStatus = object("TokenReviewStatus", "", {
  authenticated: bool(1, ""),
  user: UserInfo(2, "").always(),
  audiences: list(4, string, "").atomic(),
  error: string(3, ""),
});
export interface TokenReviewStatus extends ObjectOf<typeof TokenReviewStatus> {}

export const TokenReview = kind(
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenReview",
    plural: "tokenreviews",
    namespaced: false,
    doc: "",
    home: "io.k8s.api.authentication.v1",
    fields: {
      spec: TokenReviewSpec(2, "").required().always(),
      status: TokenReviewStatus(3, "").always(),
    },
  },
  {
    verbs: ["create"],
    ephemeral: true,
    rules: {
      validate: ({ spec }, report) => {
        if (!spec.token) report.required(root.child("spec", "token"));
      },
    },
  },
);
export interface TokenReview extends ObjectOf<typeof TokenReview> {}
