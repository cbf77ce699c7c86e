/** Label and field selectors of lists, watches and collections. */

import type { AnyObject } from "#apiserver/registry.ts";
import { type FieldSelector, parseFieldSelector } from "#base/fieldselector.ts";
import { parseSelector, type Selector, SelectorError } from "#base/selector.ts";
import { badRequest } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";

export interface Choice {
  /** Matches everything. */
  readonly all: boolean;
  /** The one name that can match, when there is one. */
  readonly name: string | undefined;
  matches(object: AnyObject): boolean;
}
const EVERYTHING: Choice = { all: true, name: undefined, matches: () => true };

/** Reads the selectors of a request; throws BadRequest with upstream's sentences. `name`: from a path that names one object. */
export function choiceOf(kind: Kind, query: URLSearchParams, name = ""): Choice {
  const labelText = query.get("labelSelector") ?? "";
  const fieldText = query.get("fieldSelector") ?? "";
  if (!labelText && !fieldText && !name) return EVERYTHING;
  let labels: Selector;
  let fields: FieldSelector;
  try {
    labels = parseSelector(labelText);
    fields = parseFieldSelector(fieldText);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
  for (const { field } of fields.requirements) if (!known(kind, field)) throw badRequest(unknownField(kind, field));
  const exact = fields.exact("metadata.name");
  if (name && exact !== undefined && exact !== name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
  if (labels.empty && fields.empty && !name) return EVERYTHING;
  return {
    all: false,
    name: name || exact,
    matches: object =>
      (!name || object.metadata.name === name) &&
      labels.matches(object.metadata.labels) &&
      fields.matches(field => fieldValue(kind, object, field)),
  };
}
const known = (kind: Kind, field: string) =>
  field === "metadata.name" || (field === "metadata.namespace" && kind.namespaced) || Object.hasOwn(kind.selectable, field);
function fieldValue(kind: Kind, object: AnyObject, field: string): string {
  if (field === "metadata.name") return object.metadata.name ?? "";
  if (field === "metadata.namespace") return object.metadata.namespace ?? "";
  return kind.selectable[field]?.(object) ?? "";
}
function unknownField(kind: Kind, field: string): string {
  return Object.keys(kind.selectable).length > 0
    ? `field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
