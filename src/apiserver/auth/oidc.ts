/** The two documents by which others can check our service-account tokens (OpenID Connect Discovery 1.0, KEP-1393). */

import type { TokenAuthority } from "#apiserver/auth/tokens.ts";
import { utf8 } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";

const JWKS_PATH = "/openid/v1/jwks";
const MAX_AGE = "public, max-age=3600";

/** GET handlers by path. */
export function discovery({ issuer, signer, olderKeys = [] }: TokenAuthority): Readonly<Record<string, () => HttpResponse>> {
  const answer = (type: string, document: unknown) => {
    const body = utf8(JSON.stringify(document));
    return () => ({ status: 200, headers: { "Content-Type": type, "Cache-Control": MAX_AGE }, body });
  };
  return {
    "/.well-known/openid-configuration": answer("application/json", {
      issuer,
      jwks_uri: `${issuer}${JWKS_PATH}`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    }),
    [JWKS_PATH]: answer("application/jwk-set+json", {
      keys: [signer, ...olderKeys].map(({ keyId, jwk }) => ({
        use: "sig",
        kty: jwk.kty,
        kid: keyId,
        crv: jwk.crv,
        alg: "ES256",
        x: jwk.x,
        y: jwk.y,
      })),
    }),
  };
}
