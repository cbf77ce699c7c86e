/** JSON Web Tokens signed with ES256 (RFC 7519, RFC 7515 compact form). */
import { text, utf8 } from "#base/bytes.ts";
import type { Signer, Verifier } from "#base/crypto.ts";

/** Times in seconds since 1970. */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly "kubernetes.io": KubernetesClaims;
}
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  readonly warnafter?: number;
}
export interface Reference {
  readonly name: string;
  readonly uid?: string;
}

const base64url = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
const part = (value: unknown) => base64url(utf8(JSON.stringify(value)));

export function signToken(claims: Claims, signer: Signer): string {
  const signed = `${part({ alg: "ES256", kid: signer.keyId })}.${part(claims)}`;
  return `${signed}.${base64url(signer.sign(utf8(signed)))}`;
}

/** The issuer that a token names, unverified; undefined when it is no token of this form at all. */
export function issuerOf(token: string): string | undefined {
  const [, payload, signature, more] = token.split(".");
  if (payload === undefined || signature === undefined || more !== undefined) return undefined;
  const claims = decoded(payload);
  return typeof claims?.iss === "string" ? claims.iss : undefined;
}

/** The claims of a token whose signature holds under one of the keys, else undefined. Says nothing about times or audiences. */
export function verifyToken(token: string, keys: readonly Verifier[]): Claims | undefined {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const header = decoded(head);
  if (header?.alg !== "ES256") return undefined;
  const bytes = fromBase64url(signature);
  if (bytes === undefined) return undefined;
  const signed = utf8(`${head}.${payload}`);
  const named = keys.filter(k => k.keyId === header.kid);
  for (const key of named.length > 0 ? named : keys) if (key.verify(signed, bytes)) return decoded(payload) as Claims | undefined;
  return undefined;
}

function decoded(encoded: string): Record<string, unknown> | undefined {
  const bytes = fromBase64url(encoded);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
function fromBase64url(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(encoded, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}
