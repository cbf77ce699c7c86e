/** Keys, hashes and signatures as a parameter; host/crypto.ts is the real one. Random bytes come from Chance. */

/** A public key as RFC 7517 writes it (P-256, for ES256). */
export interface PublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

/** Checks ES256 signatures (ECDSA on P-256 with SHA-256, RFC 7518 section 3.4: r and s, 32 bytes each). */
export interface Verifier {
  /** Base64url of the SHA-256 of the public key's DER form, as upstream names its signing keys. */
  readonly keyId: string;
  readonly jwk: PublicJwk;
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}
/** A private key that signs; it checks its own signatures as well. */
export interface Signer extends Verifier {
  sign(data: Uint8Array): Uint8Array;
}

export interface Crypto {
  sha256(data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Compares in a time that does not depend on the content. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  /** A P-256 private key in PEM (PKCS #8 or SEC 1). Throws on anything else. */
  signer(privateKeyPem: string): Signer;
  /** A P-256 public key in PEM (SPKI). Throws on anything else. */
  verifier(publicKeyPem: string): Verifier;
}
