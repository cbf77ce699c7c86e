import { utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import type { Signer } from "#base/crypto.ts";

/**
 * A signer whose signatures depend on nothing but the seed and the data: the port's shape in 64 bytes, without its strength. Only who
 * has the seed verifies them, so the public key is one in name.
 */
export function simulatedSigner(seed: number): Signer {
  const sign = (data: Uint8Array) => {
    const lane = (salt: number) => {
      let h = (seed ^ Math.imul(salt + 1, 0x9e3779b9)) >>> 0;
      for (const byte of data) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
      return (h ^ (h >>> 15)) >>> 0;
    };
    // a state of zeros alone would stand still
    return seededChance([lane(0), lane(1), lane(2), lane(3) | 1]).bytes(64);
  };
  const part = (name: string) => sign(utf8(name)).slice(0, 32).toBase64({ alphabet: "base64url", omitPadding: true });
  return {
    keyId: part("key id"),
    jwk: { kty: "EC", crv: "P-256", x: part("x"), y: part("y") },
    sign,
    verify: (data, signature) => {
      const expected = sign(data);
      return signature.length === expected.length && expected.every((byte, i) => byte === signature[i]);
    },
  };
}
