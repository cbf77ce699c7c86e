/** Rules of ConfigMap and Secret. */

import { utf8 } from "#base/bytes.ts";
import { equal } from "#base/equal.ts";
import { type Report, root } from "#base/fielderror.ts";
import { limits } from "#base/limits.ts";
import { configKeyProblems } from "#base/names.ts";
import { complain, IMMUTABLE } from "#kinds/checks.ts";
import type { KubeObject } from "#kinds/kind.ts";

type Data = Readonly<Record<string, string>>;
export interface ConfigMapShape extends KubeObject {
  immutable?: boolean;
  data?: Data;
  binaryData?: Data;
}
export interface SecretShape extends KubeObject {
  immutable?: boolean;
  data?: Data;
  type?: string;
}

/** The size of what a base64 text stands for. */
const decodedSize = (text: string) => Math.floor((text.replace(/=+$/, "").length * 3) / 4);

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMapShape, report: Report): void {
  let size = 0;
  let units = 0;
  for (const [key, value] of Object.entries(data)) {
    const at = root.child("data").key(key);
    complain(report, at, key, configKeyProblems(key));
    if (Object.hasOwn(binaryData, key)) report.invalid(at, key, "duplicate of key present in binaryData");
    units += value.length;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    complain(report, root.child("binaryData").key(key), key, configKeyProblems(key));
    size += decodedSize(value);
  }
  // a code unit takes three bytes at most: few texts need to be counted
  if (size + 3 * units > limits.objectData) for (const value of Object.values(data)) size += utf8(value).length;
  if (size > limits.objectData) report.tooLong(root, limits.objectData);
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};
export function validateSecret({ metadata, type = "", data = {} }: SecretShape, report: Report): void {
  const at = root.child("data");
  for (const key of Object.keys(data)) complain(report, at.key(key), key, configKeyProblems(key));
  const size = Object.values(data).reduce((n, v) => n + decodedSize(v), 0);
  if (size > limits.objectData) report.tooLong(at, limits.objectData);
  const account = "kubernetes.io/service-account.name";
  if (type === "kubernetes.io/service-account-token" && !metadata.annotations?.[account])
    report.required(root.child("metadata", "annotations").key(account));
  if (type === "kubernetes.io/basic-auth" && data.username === undefined && data.password === undefined) {
    report.required(at.key("username"));
    report.required(at.key("password"));
  }
  for (const key of REQUIRED[type] ?? [])
    if (data[key] === undefined || (key === "ssh-privatekey" && data[key] === "")) report.required(at.key(key));
    else if (type.startsWith("kubernetes.io/docker") && !isJsonObject(data[key]))
      report.invalid(at.key(key), "<secret contents redacted>", "invalid character in JSON object");
}
function isJsonObject(base64: string): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(base64)));
    return typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}

const FROZEN = `${IMMUTABLE} when \`immutable\` is set`;
export function validateFrozen(now: ConfigMapShape, old: ConfigMapShape, report: Report): void {
  if (!old.immutable) return;
  if (!now.immutable) report.forbidden(root.child("immutable"), FROZEN);
  for (const field of ["data", "binaryData"] as const)
    if (!equal(now[field] ?? {}, old[field] ?? {})) report.forbidden(root.child(field), FROZEN);
}
export function validateSecretUpdate(now: SecretShape, old: SecretShape, report: Report): void {
  if (now.type !== old.type) report.invalid(root.child("type"), now.type ?? "", IMMUTABLE);
  validateFrozen(now, old, report);
}
