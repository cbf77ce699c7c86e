/** Bodies in and out: from the bytes of a request or of the store to an object of its kind, and back. */
import type { Directive, Document, Head } from "#apiserver/body.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { parseJson, parseOwnJson, stringifyJson } from "#base/json.ts";
import { thawedArrays } from "#base/plain.ts";
import { badRequest } from "#base/status.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { decode, decodeKind } from "#schema/decode.ts";
import { fillDefaults } from "#schema/defaults.ts";

/** An object's JSON as it came from the store: decoded and defaulted anew only when it was written under another schema. */
export function readObject(kind: Kind, json: string, current: boolean): KubeObject {
  if (current) return parseOwnJson(json) as KubeObject;
  const object = decodeKind<KubeObject>(kind, parseJson(json)).value;
  applyDefaults(kind, object);
  return object;
}
/** JSON text of an object, of which parts may be frozen. */
export const writeJson = (value: unknown): string => stringifyJson(thawedArrays(value));

/** All defaults, of the fields and of the kind. */
export function applyDefaults(kind: Kind, object: KubeObject): void {
  fillDefaults(kind.schema, object);
  kind.rules.defaults?.(object);
}
/** The status of an object that has none yet: what Go writes even when it is empty. */
export function emptyStatus(kind: Kind): unknown {
  const field = kind.schema.fields.status;
  return field?.always && field.type.is === "object" ? decode(field.type, { value: {} }).value : undefined;
}

/**
 * A parsed document as an object of its kind, with its defaults. Throws the 400s of wrong types and, if asked, of unknown fields. `known`:
 * metadata of the kind that was served here, which is taken as it is.
 */
export function decodeObject(
  kind: Kind,
  document: Document,
  head: Head,
  directive: Directive,
  warnings: string[],
  known?: KubeObject["metadata"],
): AnyObject {
  const { value, strict } = decodeKind<AnyObject>(kind, document, known);
  if (document.problems.length > 0 || strict.length > 0) refuseUnknown(kind, [...document.problems, ...strict], head, directive, warnings);
  applyDefaults(kind, value);
  return value;
}
/** What to do about fields that a strict reader refuses. */
export function refuseUnknown(kind: Kind, problems: readonly string[], head: Head, directive: Directive, warnings: string[]): void {
  if (problems.length === 0 || directive === "Ignore") return;
  if (directive === "Warn") {
    warnings.push(...problems);
    return;
  }
  const version = JSON.stringify(head.apiVersion.slice(head.apiVersion.indexOf("/") + 1));
  throw badRequest(`${head.kind} in version ${version} cannot be handled as a ${kind.kind}: strict decoding error: ${problems.join(", ")}`);
}
