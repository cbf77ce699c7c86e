import { root } from "#base/fielderror.ts";
import { UserInfo } from "#kinds/authentication/v1/userinfo.ts";
import { kind } from "#kinds/kind.ts";
import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const TokenReviewSpec = object("TokenReviewSpec", "The token to be judged.", {
  token: string(1, "The token, as it was presented.").required(),
  audiences: list(2, string, "For whom it should be meant; the API server's own audiences unless stated.").atomic(),
});
export interface TokenReviewSpec extends ObjectOf<typeof TokenReviewSpec> {}

export const TokenReviewStatus = object("TokenReviewStatus", "What the token proves.", {
  authenticated: bool(1, "Whether the token is good."),
  user: UserInfo(2, "Whose it is.").always(),
  audiences: list(4, string, "Which of the audiences that were asked for the token is meant for.").atomic(),
  error: string(3, "Why the token could not be judged."),
});
export interface TokenReviewStatus extends ObjectOf<typeof TokenReviewStatus> {}

export const TokenReview = kind(
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenReview",
    plural: "tokenreviews",
    namespaced: false,
    doc: "Asks whose token something is.",
    home: "io.k8s.api.authentication.v1",
    fields: {
      spec: TokenReviewSpec(2, "The token to be judged.").required().always(),
      status: TokenReviewStatus(3, "The judgement; filled in by the server.").always(),
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
