/** Bodies of requests: read up to the limit, then decoded as their endpoint's kind. */

import { decodeObject } from "#apiserver/codec.ts";
import { envelopeOf, fromProtobuf } from "#apiserver/formats.ts";
import { bodyMedia, type Media } from "#apiserver/negotiate.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { concat, text, utf8 } from "#base/bytes.ts";
import type { HttpRequest } from "#base/http.ts";
import { JsonError, parseJson, stringifyJson } from "#base/json.ts";
import { limits } from "#base/limits.ts";
import { wanted } from "#base/reading.ts";
import type { Soon } from "#base/soon.ts";
import { badRequest, tooLarge } from "#base/status.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";

const refused = () => tooLarge(`Request entity too large: limit is ${limits.requestBody}`);

/** The whole body; throws 413 beyond the limit. */
export async function readBody(request: HttpRequest): Promise<Uint8Array> {
  if (Number(request.headers["content-length"] ?? 0) > limits.requestBody) throw refused();
  const { body } = request;
  if (!body) return new Uint8Array(0);
  if (body instanceof Uint8Array) {
    if (body.length > limits.requestBody) throw refused();
    return body;
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > limits.requestBody) throw refused();
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : concat(parts);
}

export type Directive = "Strict" | "Warn" | "Ignore";

/** A JSON or YAML document and what a strict reader would refuse in it. */
export interface Document {
  readonly value: unknown;
  /** Keys that stand twice in YAML; those of JSON are in `repeated`. */
  readonly problems: readonly string[];
  readonly repeated: ReadonlyMap<object, readonly string[]> | undefined;
}
const NO_PROBLEMS: readonly string[] = [];
/** Parses JSON, or YAML as JSON. Throws JsonError, or YamlError with Go's message. */
export async function parseDocument(bytes: Uint8Array, media: Media): Promise<Document> {
  if (media === "json") return jsonDocument(bytes);
  // Clients apply JSON under YAML's name, and JSON that repeats no key is YAML: the quicker reader may have it.
  const quick = bytes[0] === 0x7b && jsonOrNot(bytes);
  if (quick && !quick.repeated) return quick;
  // js-yaml costs memory and start-up time that few servers ever need.
  const { parseYaml } = await wanted(import("#base/yaml.ts"));
  const first = parseYaml(text(bytes))[0];
  return { value: first?.value ?? null, problems: first?.problems ?? NO_PROBLEMS, repeated: undefined };
}
function jsonDocument(bytes: Uint8Array): Document {
  const { value, repeated } = parseJson(bytes);
  return { value, problems: NO_PROBLEMS, repeated };
}
function jsonOrNot(bytes: Uint8Array): Document | undefined {
  try {
    return jsonDocument(bytes);
  } catch {
    return undefined;
  }
}

/** What a caller in this process says in a body's place. */
export const valueDocument = (value: unknown): Document => ({ value, problems: NO_PROBLEMS, repeated: undefined });

/** The start of a body as upstream shows it in errors. */
function summary(body: Uint8Array | { readonly value: unknown }): string {
  const bytes = body instanceof Uint8Array ? body : utf8(stringifyJson(body.value));
  if (bytes.length === 0) return "<empty>";
  const start = bytes.subarray(0, 30);
  const shown = bytes[0] === 0x7b ? text(start) : start.toHex();
  return bytes.length > 30 ? `${shown} ...` : shown;
}

type Known = KubeObject["metadata"];
export interface Body {
  /** What the body says of its name, to be read only. */
  readonly metadata: Readonly<KubeObject["metadata"]>;
  /** A freshly decoded object, the caller's own to change; what is in metadata may be frozen, and can be replaced. */
  fresh(): AnyObject;
}

/**
 * Decodes a request's body as `kind`; unknown and repeated fields are refused, warned of or ignored as `directive` says. `known`: the
 * metadata with which the object was served last, as a value that is sent back mostly has it. A promise when the body is to be read first.
 */
export function decodeBody(request: HttpRequest, kind: Kind, directive: Directive, warnings: string[], known?: Known): Soon<Body> {
  const { value } = request;
  if (value !== undefined) return bodyOf(kind, valueDocument(value), headOf(value, kind, { value }), directive, warnings, known);
  const media = bodyMedia(request);
  return readBody(request).then(bytes => decodeBytes(bytes, media, kind, directive, warnings));
}

async function decodeBytes(bytes: Uint8Array, media: Media, kind: Kind, directive: Directive, warnings: string[]): Promise<Body> {
  if (media === "protobuf") {
    const envelope = envelopeOf(bytes);
    const head = headOf(envelope, kind, bytes);
    const read = () =>
      decodeObject(kind, { value: fromProtobuf(kind, envelope), problems: NO_PROBLEMS, repeated: undefined }, head, "Ignore", []);
    return { fresh: read, metadata: read().metadata };
  }
  let document: Document;
  try {
    document = await parseDocument(bytes, media);
  } catch (error) {
    const why = error instanceof JsonError ? `couldn't get version/kind; json parse error: ${error.message}` : (error as Error).message;
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${summary(bytes)})`);
  }
  return bodyOf(kind, document, headOf(document.value, kind, bytes), directive, warnings);
}
function bodyOf(kind: Kind, document: Document, head: Head, directive: Directive, warnings: string[], known?: Known): Body {
  const decoded = decodeObject(kind, document, head, directive, warnings, known);
  let first: AnyObject | undefined = decoded;
  return {
    metadata: decoded.metadata,
    fresh() {
      const object = first ?? decodeObject(kind, document, head, "Ignore", [], known);
      first = undefined;
      return object;
    },
  };
}

export interface Head {
  readonly apiVersion: string;
  readonly kind: string;
}
/** What a body says it is; absent parts are what the endpoint expects. Throws when it is something else. */
function headOf(value: unknown, kind: Kind, body: Parameters<typeof summary>[0]): Head {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const what = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${summary(body)})`,
    );
  }
  const { apiVersion: v, kind: k } = value as { apiVersion?: unknown; kind?: unknown };
  const expected = apiVersionOf(kind);
  const apiVersion = typeof v === "string" && v ? v : expected;
  const name = typeof k === "string" && k ? k : kind.kind;
  if (name !== kind.kind)
    throw badRequest(
      `${name} in version ${JSON.stringify(versionOf(apiVersion))} cannot be handled as a ${kind.kind}: no kind ${JSON.stringify(name)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  if (apiVersion !== expected)
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
  return { apiVersion, kind: name };
}
const versionOf = (apiVersion: string) => apiVersion.slice(apiVersion.indexOf("/") + 1);
