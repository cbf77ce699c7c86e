import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { tokenKey } from "./tokenkey.ts";

const pem = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } } as const;
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve, ...pem });
const bytes = ({ publicKey, privateKey }: { publicKey: string; privateKey: string }) => ({
  publicKey: utf8(publicKey),
  privateKey: utf8(privateKey),
});
const rsa = bytes(generateKeyPairSync("rsa", { modulusLength: 2048, ...pem }));
const keys: Readonly<Record<string, ReturnType<typeof bytes>>> = {
  RS256: rsa,
  RS512: rsa,
  PS384: rsa,
  ES256: bytes(ec("P-256")),
  ES384: bytes(ec("P-384")),
  ES512: bytes(ec("P-521")),
  EdDSA: bytes(generateKeyPairSync("ed25519", pem)),
};

test("each algorithm's signatures hold under its public key, and no others do", () => {
  const data = utf8("head.payload");
  for (const [algorithm, pair] of Object.entries(keys)) {
    const signature = tokenKey(algorithm, { privateKey: pair.privateKey }).sign!(data);
    const open = tokenKey(algorithm, { publicKey: pair.publicKey });
    assert.equal(open.sign, undefined);
    assert.equal(open.verify(data, signature), true, algorithm);
    assert.equal(open.verify(utf8("head.other"), signature), false, algorithm);
    assert.equal(open.verify(data, signature.slice(1)), false, algorithm);
  }
  const shared = tokenKey("HS256", { privateKey: utf8("a secret") });
  assert.equal(shared.verify(data, shared.sign!(data)), true);
  assert.equal(tokenKey("HS256", { privateKey: utf8("other") }).verify(data, shared.sign!(data)), false);
});

test("a key that does not fit is refused in a sentence", () => {
  assert.throws(() => tokenKey("ES256", keys.RS256!), { message: "the key is none for ES256" });
  assert.throws(() => tokenKey("RS256", keys.ES256!), { message: "the key is none for RS256" });
  assert.throws(() => tokenKey("ES256", keys.ES384!), { message: "the key is none for ES256" });
  assert.throws(() => tokenKey("RS256", {}), { message: "RS256 needs a public or a private key" });
  assert.throws(() => tokenKey("HS256", {}), { message: "HS256 needs a private key" });
  const other = bytes(ec("P-256"));
  const mixed = { privateKey: other.privateKey, publicKey: keys.ES256!.publicKey };
  assert.throws(() => tokenKey("ES256", mixed), { message: "the public and the private key do not belong together" });
});
