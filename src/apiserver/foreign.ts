/** Values that a kube-apiserver left in the store: JSON, or protobuf in its envelope (`k8s\0`). They are read as they stand, and written our way. */
import { applyDefaults } from "#apiserver/codec.ts";
import { text } from "#base/bytes.ts";
import { parseJson } from "#base/json.ts";
import { kindNamed } from "#kinds/all.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";
import { decodeKind } from "#schema/decode.ts";
import { decodeProtobuf, readEnvelope } from "#schema/protobuf.ts";

const BRACE = 0x7b;
const PROTOBUF = [0x6b, 0x38, 0x73, 0x00];

export function isForeign(value: Uint8Array): boolean {
  return value[0] === BRACE || PROTOBUF.every((byte, i) => value[i] === byte);
}

/** The object, as `kind`, which is the one that it is stored as here. Throws where it is of a version that nobody knows. */
export function foreignObject(kind: Kind, value: Uint8Array): KubeObject {
  const document = value[0] === BRACE ? parseJson(text(value)) : undefined;
  const envelope = document ? undefined : readEnvelope(value);
  const head = (document?.value ?? envelope) as { readonly apiVersion?: string; readonly kind?: string };
  const { apiVersion = "" } = head;
  const as = apiVersion === apiVersionOf(kind) ? kind : versionNamed(apiVersion, kind);
  const object = decodeKind<KubeObject>(as, document ?? { value: decodeProtobuf(as.schema, envelope!) }).value;
  applyDefaults(as, object);
  return as === kind || !as.conversion ? object : as.conversion.toStored(object);
}
function versionNamed(apiVersion: string, kind: Kind): Kind {
  const slash = apiVersion.indexOf("/");
  const found = kindNamed(apiVersion.slice(0, Math.max(0, slash)), apiVersion.slice(slash + 1), kind.kind);
  if (!found) throw new Error(`a stored ${kind.kind} is of the version ${JSON.stringify(apiVersion)}, which is not known here`);
  return found;
}
