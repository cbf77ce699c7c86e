import { utf8 } from "#base/bytes.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { validateSecret, validateSecretUpdate } from "#kinds/core/v1/datavalidation.ts";
import { kind } from "#kinds/kind.ts";
import { bool, bytes, map, type ObjectOf, string } from "#schema/notation.ts";

interface SecretFields {
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  type?: string;
}
/** stringData is only a way to write: what it holds moves into data. */
function defaultSecret(secret: SecretFields): void {
  secret.type ||= "Opaque";
  if (!secret.stringData) return;
  const coded = Object.entries(secret.stringData).map(([k, v]) => [k, utf8(v).toBase64()] as const);
  secret.data = { ...secret.data, ...Object.fromEntries(coded) };
  delete secret.stringData;
}

export const Secret = kind(
  {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    namespaced: true,
    doc: "Something confidential for pods: bytes under names.",
    home: "io.k8s.api.core.v1",
    fields: {
      immutable: bool(5, "Once true, the data cannot be changed, nor can this be unset."),
      data: map(2, bytes, "Bytes by key, in base64; keys consist of letters, digits, '-', '_' and '.'."),
      stringData: map(4, string, "Texts by key, for writing only; they go into data."),
      type: string(3, "What the keys mean, such as kubernetes.io/tls; Opaque unless stated."),
    },
  },
  {
    selectable: { type: s => s.type ?? "" },
    rules: { defaults: secret => defaultSecret(secret), validate: validateSecret, validateUpdate: validateSecretUpdate },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Type", type: "string", doc: "What the keys mean.", cell: s => s.type ?? "" },
      { name: "Data", type: "string", doc: "The number of keys.", cell: s => Object.keys(s.data ?? {}).length },
      AGE,
    ],
  },
);
export interface Secret extends ObjectOf<typeof Secret> {}
