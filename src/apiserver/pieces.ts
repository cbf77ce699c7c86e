/** A list's answer piece by piece: what comes before its items, each item, and what comes after, in each form of text. */
import { writeJson } from "#apiserver/codec.ts";
import type { Form } from "#apiserver/negotiate.ts";
import { itemParts } from "#apiserver/record.ts";
import type { AnyObject, Stored } from "#apiserver/registry.ts";
import { columnDefinitions, type Include, partialOf, rowOf } from "#apiserver/table.ts";
import { concat, utf8 } from "#base/bytes.ts";
import { toYaml } from "#base/yamlwriter.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";

/** What a list says beside its metadata. */
export interface Shape {
  /** What stands before the items. */
  readonly head: { readonly kind: string; readonly apiVersion: string };
  readonly list: "items" | "rows";
  item(object: AnyObject): object;
}
export function shapeOf(form: Form, kind: Kind, include: Include, now: number): Shape {
  const apiVersion = `meta.k8s.io/${form.version}`;
  if (form.as === "Table") {
    const head = { kind: "Table", apiVersion, columnDefinitions: columnDefinitions(kind) };
    return { head, list: "rows", item: o => rowOf(kind, o, include, form.version, now) };
  }
  if (form.as) return { head: { kind: "PartialObjectMetadataList", apiVersion }, list: "items", item: o => partialOf(o, form.version) };
  const head = { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) };
  return { head, list: "items", item: ({ kind: _k, apiVersion: _v, ...rest }) => rest };
}

/** Small pieces, put together to larger ones. */
export class Gathering {
  #parts: Uint8Array[] = [];
  #size = 0;
  get full(): boolean {
    return this.#size >= CHUNK;
  }
  add(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.#size += part.length;
    }
  }
  take(): Uint8Array {
    const all = concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return all;
  }
}
const CHUNK = 64 * 1024;

export interface Pieces {
  readonly open: Uint8Array;
  item(stored: Stored, first: boolean): readonly Uint8Array[];
  /** The list's metadata is known when all items are. */
  close(metadata: object, empty: boolean): Uint8Array;
}
export function piecesOf(form: Form, shape: Shape): Pieces {
  if (form.media === "yaml") return yaml(shape);
  if (form.pretty) return pretty(shape);
  return form.as ? compact(shape) : stored(shape);
}

const OPEN = utf8("{");
const NEXT = utf8(",{");
const open = ({ head, list }: Shape) => utf8(`${JSON.stringify(head).slice(0, -1)},"${list}":[`);
const close = (metadata: object) => utf8(`],"metadata":${JSON.stringify(metadata)}}\n`);

/** Stored bytes as they lie. */
function stored(shape: Shape): Pieces {
  return { open: open(shape), item: (s, first) => [first ? OPEN : NEXT, ...itemParts(s.kind, s.record, s.revision)], close };
}
function compact(shape: Shape): Pieces {
  return { open: open(shape), item: (s, first) => [utf8(`${first ? "" : ","}${writeJson(shape.item(s.object))}`)], close };
}
function pretty(shape: Shape): Pieces {
  const indented = (value: object, by: string) => JSON.stringify(JSON.parse(writeJson(value)), null, 2).replaceAll("\n", `\n${by}`);
  return {
    open: utf8(`${indented(shape.head, "").slice(0, -2)},\n  "${shape.list}": [`),
    item: (s, first) => [utf8(`${first ? "" : ","}\n    ${indented(shape.item(s.object), "    ")}`)],
    close: (metadata, empty) => utf8(`${empty ? "" : "\n  "}],\n  "metadata": ${indented(metadata, "  ")}\n}\n`),
  };
}
function yaml({ head, list, item }: Shape): Pieces {
  const { kind, ...before } = head;
  const begun = `${list}:\n`;
  return {
    open: utf8(toYaml(before)),
    item: (s, first) => [utf8(toYaml({ [list]: [item(s.object)] }).slice(first ? 0 : begun.length))],
    close: (metadata, empty) => utf8(toYaml({ kind, metadata, ...(empty && { [list]: [] }) })),
  };
}
