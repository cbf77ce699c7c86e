import assert from "node:assert/strict";
import test from "node:test";
import { type Algorithm, type Provider, transformerOf } from "#apiserver/sealing/transformer.ts";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { hostCiphers } from "#host/cipher.ts";

const KEY = "/registry/secrets/default/s";
const PLAIN = utf8("k8s\0 whatever stood there");
const secret = (n: number) => new Uint8Array(32).fill(n);
const by = (is: Algorithm, ...names: string[]): Provider => ({
  is,
  keys: names.map((name, i) => ({ name, secret: secret(i + name.charCodeAt(0)) })),
});
const transformer = (...providers: Provider[]) => transformerOf(providers, hostCiphers, seededChance(1));
const fails = (run: () => unknown, says: string) => assert.throws(run, { message: says });

test("AES by the standards' own vectors", () => {
  const zero = new Uint8Array(16);
  const sealed = hostCiphers.sealGcm(zero, zero.subarray(0, 12), zero, new Uint8Array(0));
  assert.equal(Buffer.from(sealed).toString("hex"), "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
  const key = Uint8Array.fromHex("2b7e151628aed2a6abf7158809cf4f3c");
  const vector = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f");
  const plain = Uint8Array.fromHex("6bc1bee22e409f96e93d7e117393172a");
  const chained = hostCiphers.sealCbc(key, vector, plain);
  assert.equal(Buffer.from(chained.subarray(0, 16)).toString("hex"), "7649abac8119b246cee98e9b12e9197d");
  assert.deepEqual(new Uint8Array(hostCiphers.openCbc(key, vector, chained)!), plain);
  assert.equal(hostCiphers.openCbc(key, vector, chained.subarray(0, 17)), undefined);
});

for (const is of ["aesgcm", "aescbc", "secretbox"] as const)
  test(`${is}: sealed under its prefix, opened again; what is changed is not`, () => {
    const t = transformer(by(is, "a"));
    const value = t.seal(PLAIN, KEY);
    assert.equal(text(value).slice(0, t.prefix.length), `k8s:enc:${is}:v1:a:`);
    assert.ok(!text(value).includes("whatever"));
    assert.notDeepEqual(t.seal(PLAIN, KEY), value);
    const { plain, stale } = t.open(value, KEY);
    assert.deepEqual([text(plain), stale], [text(PLAIN), false]);
    const cut = value.subarray(0, value.length - 3);
    fails(() => t.open(cut, KEY), `key "a" of ${is} does not open it`);
    fails(() => t.open(value.subarray(0, 24), KEY), `key "a" of ${is} does not open it`);
    fails(() => transformer(by(is, "b")).open(value, KEY), "no matching prefix found");
    assert.deepEqual(transformer(by(is, "b"), by(is, "a")).open(value, KEY), { plain, stale: true });
  });

test("AES-GCM binds a value to its place", () => {
  const t = transformer(by("aesgcm", "a"));
  fails(() => t.open(t.seal(PLAIN, KEY), "/registry/secrets/default/other"), 'key "a" of aesgcm does not open it');
});

test("identity reads what is plain, and never what is sealed", () => {
  const t = transformer(by("aesgcm", "a"), { is: "identity" });
  assert.deepEqual(t.open(PLAIN, KEY), { plain: PLAIN, stale: true });
  const other = transformer(by("aescbc", "z")).seal(PLAIN, KEY);
  fails(() => t.open(other, KEY), "identity transformer tried to read encrypted data");
  assert.deepEqual(transformer({ is: "identity" }, by("aesgcm", "a")).open(t.seal(PLAIN, KEY), KEY).stale, true);
});

test("a name that is the beginning of another, and two keys of one name", () => {
  const long = transformer(by("aesgcm", "ab")).seal(PLAIN, KEY);
  fails(() => transformer(by("aesgcm", "a")).open(long, KEY), "no matching prefix found");
  const twins: Provider = { is: "aesgcm", keys: [7, 8].map(n => ({ name: "k", secret: secret(n) })) };
  const second = transformerOf([{ is: "aesgcm", keys: [{ name: "k", secret: secret(8) }] }], hostCiphers, seededChance(1)).seal(PLAIN, KEY);
  assert.deepEqual(transformer(twins).open(second, KEY).stale, true);
});
