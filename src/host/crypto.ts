/** The crypto port by node:crypto. */
import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";
import type { Crypto, PublicJwk, Signer, Verifier } from "#base/crypto.ts";

export const hostCrypto: Crypto = {
  sha256: data => createHash("sha256").update(data).digest(),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  signer: pem => signerOf(createPrivateKey(pem)),
  verifier: pem => verifierOf(createPublicKey(pem)),
};

function verifierOf(key: KeyObject): Verifier {
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("the key must be an elliptic-curve key on P-256");
  }
  const { x, y } = key.export({ format: "jwk" });
  const jwk: PublicJwk = { kty: "EC", crv: "P-256", x: String(x), y: String(y) };
  return {
    keyId: createHash("sha256")
      .update(key.export({ format: "der", type: "spki" }))
      .digest("base64url"),
    jwk,
    verify: (data, signature) => verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature),
  };
}
function signerOf(key: KeyObject): Signer {
  return { ...verifierOf(createPublicKey(key)), sign: data => sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }) };
}
