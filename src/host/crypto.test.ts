import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { hostCrypto } from "#host/crypto.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const privatePem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const publicPem = publicKey.export({ format: "pem", type: "spki" }).toString();

test("a signature holds for its data and its key only", () => {
  const signer = hostCrypto.signer(privatePem);
  const verifier = hostCrypto.verifier(publicPem);
  const signature = signer.sign(utf8("data"));
  assert.equal(signature.length, 64);
  assert.equal(verifier.verify(utf8("data"), signature), true);
  assert.equal(verifier.verify(utf8("date"), signature), false);
  assert.equal(verifier.verify(utf8("data"), signature.subarray(1)), false);
  assert.equal(signer.keyId, verifier.keyId);
  assert.deepEqual(Object.keys(signer.jwk), ["kty", "crv", "x", "y"]);
});
test("other curves and other keys are refused", () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "pem", type: "spki" }).toString();
  assert.throws(() => hostCrypto.verifier(other), /P-256/);
  assert.throws(() => hostCrypto.verifier("nonsense"));
});
test("hashes", () => {
  assert.equal(hostCrypto.sha256(utf8("")).toHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(
    hostCrypto.hmacSha256(utf8("key"), utf8("The quick brown fox jumps over the lazy dog")).toHex(),
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
  );
  assert.equal(hostCrypto.equal(utf8("a"), utf8("ab")), false);
  assert.equal(hostCrypto.equal(utf8("ab"), utf8("ab")), true);
});
