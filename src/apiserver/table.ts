/** Server-side printing: `as=Table` (meta.k8s.io/v1). */

import type { AnyObject } from "#apiserver/registry.ts";
import { badRequest } from "#base/status.ts";
import { ageOf } from "#base/time.ts";
import type { Column, Kind } from "#kinds/kind.ts";

export type Include = "None" | "Metadata" | "Object";
export interface Row {
  readonly cells: readonly (string | number | boolean | null)[];
  readonly object?: unknown;
}
export interface Table {
  readonly kind: "Table";
  readonly apiVersion: string;
  readonly metadata: object;
  readonly columnDefinitions: readonly object[] | null;
  readonly rows: readonly Row[];
}

/** The `includeObject` option; throws BadRequest. */
export function includeOf(query: URLSearchParams): Include {
  const raw = query.size === 0 ? "" : query.get("includeObject");
  if (!raw) return "Metadata";
  if (raw === "None" || raw === "Metadata" || raw === "Object") return raw;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(raw)}`);
}

const NAME: Column<AnyObject> = {
  name: "Name",
  type: "string",
  format: "name",
  doc: "The name of the object.",
  cell: o => o.metadata.name ?? "",
};
const AGE: Column<AnyObject> = {
  name: "Age",
  type: "string",
  doc: "The time since the object was created.",
  cell: (o, now) => ageOf(o.metadata.creationTimestamp, now),
};
function columnsOf(kind: Kind): readonly Column<AnyObject>[] {
  const own = kind.columns as readonly Column<AnyObject>[];
  if (kind.ownColumns) return own;
  // Wide columns stand behind the age, as kubectl shows them.
  return [NAME, ...own.filter(c => !c.wide), AGE, ...own.filter(c => c.wide)];
}
export function columnDefinitions(kind: Kind): object[] {
  return columnsOf(kind).map(c => ({
    name: c.name,
    type: c.type,
    format: c.format ?? "",
    description: c.doc ?? "",
    priority: c.wide ? 1 : 0,
  }));
}

/** An object's metadata alone (meta.k8s.io PartialObjectMetadata). */
export function partialOf(object: AnyObject, version: string): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
export function rowOf(kind: Kind, object: AnyObject, include: Include, version: string, now: number): Row {
  const cells = columnsOf(kind).map(c => c.cell(object, now));
  if (include === "None") return { cells, object: null };
  return { cells, object: include === "Object" ? object : partialOf(object, version) };
}
export function tableOf(kind: Kind, version: string, metadata: object, rows: readonly Row[], header = true): Table {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: header ? columnDefinitions(kind) : null,
    rows,
  };
}
