/** Bodies in and out: from the bytes of a request or of the store to an object of its kind, and back. */

import type { Directive, Document, Head } from "#apiserver/body.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { stringifyJson } from "#base/json.ts";
import { badRequest } from "#base/status.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";

/** An object's JSON as it came from the store; completed by defaults when it was written under another schema. */
export function readObject(kind: Kind, json: string, current: boolean): KubeObject {
  const object = JSON.parse(json) as KubeObject;
  if (!current) complete(kind, object);
  return object;
}
/** JSON text of an object. */
export function writeJson(value: unknown): string {
  return stringifyJson(value);
}
/** Fills in the parts that Go writes even when they are empty. */
export function complete(kind: Kind, object: KubeObject): void {
  const o = object as KubeObject & Record<string, unknown>;
  for (const [name, field] of Object.entries(kind.schema.fields)) if (field.always && field.type.is === "object") o[name] ??= {};
}
/** A parsed document as an object of its kind. */
export function decodeObject(kind: Kind, document: Document, head: Head, directive: Directive, warnings: string[]): AnyObject {
  const problems = document.duplicates.map(d => `duplicate field ${JSON.stringify(d)}`);
  report(kind, problems, head, directive, warnings);
  const object = document.value as AnyObject;
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
  object.metadata ??= {};
  complete(kind, object);
  return object;
}
function report(kind: Kind, problems: readonly string[], head: Head, directive: Directive, warnings: string[]): void {
  if (problems.length === 0 || directive === "Ignore") return;
  if (directive === "Warn") {
    warnings.push(...problems);
    return;
  }
  const version = JSON.stringify(head.apiVersion.slice(head.apiVersion.indexOf("/") + 1));
  throw badRequest(`${head.kind} in version ${version} cannot be handled as a ${kind.kind}: strict decoding error: ${problems.join(", ")}`);
}
