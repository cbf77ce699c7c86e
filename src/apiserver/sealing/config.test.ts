import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { parseConfig, providersOf, writeConfig } from "#apiserver/sealing/config.ts";
import { ConfigError } from "#apiserver/sealing/configerror.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Secret } from "#kinds/core/v1/secret.ts";

const FIXTURES = "/work/shared/data/apiserver/pkg/server/options/encryptionconfig/testdata";
const KEY = "c2VjcmV0IGlzIHNlY3VyZQ==";
const config = (resources: string, providers: string) =>
  `{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[{"resources":${resources},"providers":${providers}}]}`;
function refusal(source: string): string {
  try {
    parseConfig(source);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  return "none";
}

test("the first element that names a resource decides", () => {
  const source = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets, "*.apps"]
  providers: [{aesgcm: {keys: [{name: a, secret: ${KEY}}]}}, {identity: {}}]
- resources: ["*."]
  providers: [{identity: {}}]
- resources: ["*.*"]
  providers: [{secretbox: {keys: [{name: s, secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=}]}}]
`;
  const parsed = parseConfig(source);
  const first = (kind: Parameters<typeof providersOf>[1]) => providersOf(parsed, kind)?.[0]?.is;
  assert.deepEqual(
    [Secret, Deployment, ConfigMap].map(k => first(k as never)),
    ["aesgcm", "aesgcm", "identity"],
  );
  assert.deepEqual(parseConfig(writeConfig(parsed)), parsed);
  assert.equal(providersOf(parseConfig(config('["secrets"]', '[{"identity":{}}]')), ConfigMap as never), undefined);
});

test("what cannot be is refused in a sentence that names the field", () => {
  const gcm = (keys: string) => config('["secrets"]', `[{"aesgcm":{"keys":${keys}}}]`);
  const at = "resources[0].providers[0].aesgcm.keys";
  const cases: [string, string][] = [
    [gcm("[]"), `${at}: Required value: at least one keys is required`],
    [gcm('[{"secret":"x"}]'), `${at}[0].name: Required value: name is a mandatory field for a key`],
    [gcm('[{"name":"a","secret":"?"}]'), `${at}[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`],
    [
      gcm('[{"name":"a","secret":"YWE="}]'),
      `${at}[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 2, expected one of [16 24 32]`,
    ],
    [config("[]", '[{"identity":{}}]'), "resources[0].resources: Required value: at least one resources[0].resources is required"],
    [
      config('["secrets"]', "[{}]"),
      "resources[0].providers[0]: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity",
    ],
    [
      config('["secrets"]', '[{"kms":{"name":"x"}}]'),
      "resources[0].providers[0].kms: Unsupported value: cox speaks to no key service; keys stand in the file",
    ],
    ["{", "whatever the reader of YAML says"],
    ['{"kind":"Pod","apiVersion":"v1"}', 'no kind "Pod" is registered for version "v1"'],
  ];
  for (const [source, says] of cases.slice(0, 7)) assert.equal(refusal(source), says);
  assert.notEqual(refusal(cases[7]![0]), "none");
  assert.equal(refusal(cases[8]![0]), cases[8]![1]);
});

test("upstream's own files", { skip: existsSync(FIXTURES) ? false : "upstream's files are not here" }, () => {
  const source = (name: string) => readFileSync(`${FIXTURES}/${name}`, "utf8");
  for (const name of readdirSync(`${FIXTURES}/valid-configs/aes`)) assert.equal(refusal(source(`valid-configs/aes/${name}`)), "none", name);
  for (const name of ["aes-cbc-first.yaml", "aes-gcm-first.yaml", "identity-first.yaml", "legacy.yaml", "secret-box-first.yaml"])
    assert.match(refusal(source(`valid-configs/${name}`)), /^resources\[0\]\.providers\[\d\]\.kms: Unsupported value/, name);
  assert.match(refusal(source("invalid-configs/invalid-aes-gcm.yaml")), /aesgcm\.keys: Required value/);
});
