/** Keys of JSON Web Tokens in every algorithm of RFC 7518 and RFC 8037 that signs. */
import { constants, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";
import type { TokenKey } from "#etcd/api/jwt.ts";

const CURVES: Readonly<Record<string, string>> = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };

/** The key in these files' contents: PEM, or for HMAC any bytes as the private one. Throws one sentence. */
export function tokenKey(algorithm: string, { privateKey, publicKey }: { privateKey?: Uint8Array; publicKey?: Uint8Array }): TokenKey {
  const hash = algorithm === "EdDSA" ? null : `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("HS")) {
    if (!privateKey || privateKey.length === 0) throw new Error(`${algorithm} needs a private key`);
    const made = (data: Uint8Array) => createHmac(hash!, privateKey).update(data).digest();
    const equal = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b);
    return { algorithm, sign: made, verify: (data, signature) => equal(made(data), signature) };
  }
  const secret = privateKey && createPrivateKey(Buffer.from(privateKey));
  const open = publicKey ? createPublicKey(Buffer.from(publicKey)) : secret && createPublicKey(secret);
  if (!open) throw new Error(`${algorithm} needs a public or a private key`);
  if (secret && !createPublicKey(secret).equals(open)) throw new Error("the public and the private key do not belong together");
  if (!fits(algorithm, open)) throw new Error(`the key is none for ${algorithm}`);
  const padding = algorithm.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : undefined;
  const more = { dsaEncoding: "ieee-p1363", padding } as const;
  const { RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_DIGEST } = constants;
  return {
    algorithm,
    ...(secret && { sign: data => sign(hash, data, { key: secret, ...more, ...(padding && { saltLength: RSA_PSS_SALTLEN_DIGEST }) }) }),
    verify: (data, signature) =>
      verify(hash, data, { key: open, ...more, ...(padding && { saltLength: RSA_PSS_SALTLEN_AUTO }) }, signature),
  };
}
function fits(algorithm: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (algorithm === "EdDSA") return asymmetricKeyType === "ed25519";
  const curve = CURVES[algorithm];
  return curve ? asymmetricKeyDetails?.namedCurve === curve : asymmetricKeyType === "rsa";
}
