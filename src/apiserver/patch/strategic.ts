/**
 * Strategic merge patch: a merge patch that knows the types. Lists marked `merge` are matched item by item (by their merge key);
 * `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` say what plain JSON cannot.
 * Rule: sig-api-machinery/strategic-merge-patch.md. Neither argument is changed; the outcome shares with them what it can.
 */
import { equal } from "#base/equal.ts";
import { setKey } from "#base/json.ts";
import type { FieldNode, TypeNode } from "#schema/notation.ts";

/** A patch that cannot be carried out; the message and the code of its answer are upstream's. */
export class StrategicPatchError extends Error {
  readonly code: 400 | 422 | 500;
  constructor(message: string, code: 400 | 422 | 500 = 500) {
    super(message);
    this.code = code;
  }
}

type Fields = Record<string, unknown>;
const MARKER = "$patch";
const RETAIN = "$retainKeys";
const ORDER = "$setElementOrder/";
const DELETE = "$deleteFromPrimitiveList/";

const isFields = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v);
/** What Go's reflection calls a value's type here. */
const kindOf = (v: unknown) =>
  v === null
    ? "nil"
    : Array.isArray(v)
      ? "slice"
      : isFields(v)
        ? "map"
        : typeof v === "boolean"
          ? "bool"
          : typeof v === "string"
            ? "string"
            : "float64";
const badKind = (expected: string, got: unknown) => new StrategicPatchError(`expected a ${expected}, but received a ${kindOf(got)}`);

/** How Go prints a map or list with %v. */
function goText(v: unknown): string {
  if (v === null) return "<nil>";
  if (Array.isArray(v)) return `[${v.map(goText).join(" ")}]`;
  if (!isFields(v)) return String(v);
  return `map[${Object.keys(v)
    .sort()
    .map(k => `${k}:${goText(v[k])}`)
    .join(" ")}]`;
}
const noMergeKey = (v: Fields, key: string) => new StrategicPatchError(`map: ${goText(v)} does not contain declared merge key: ${key}`);

/** What the schema says of a field: its type, strategy (without retainKeys) and merge key. */
interface Meta {
  readonly type: TypeNode | undefined;
  readonly strategy: string;
  readonly key: string;
}
function metaOf(type: TypeNode | undefined, name: string): Meta {
  if (type?.is === "map") return { type: type.of, strategy: "", key: "" };
  if (type?.is !== "object" || !Object.hasOwn(type.fields, name)) return UNKNOWN;
  const field = type.fields[name]!;
  let meta = metas.get(field);
  if (!meta) {
    const strategy = (field.patchStrategy ?? "").split(",").filter(s => s !== "retainKeys")[0] ?? "";
    meta = { type: field.type, strategy, key: field.patchMergeKey ?? "" };
    metas.set(field, meta);
  }
  return meta;
}
const UNKNOWN: Meta = { type: undefined, strategy: "", key: "" };
const metas = new WeakMap<FieldNode, Meta>();
const itemType = (type: TypeNode | undefined): TypeNode | undefined => (type?.is === "list" ? type.of : undefined);

/** A patch's value where there was none before: without directives and nulls; undefined when nothing is to be set. */
function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fresh).filter(v => v !== undefined);
  if (!isFields(value)) return value;
  if (value[MARKER] === "delete") return undefined;
  const out: Fields = {};
  for (const [key, v] of Object.entries(value)) {
    if (key === MARKER || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE) || v === null) continue;
    const inner = fresh(v);
    if (inner !== undefined) setKey(out, key, inner);
  }
  return out;
}

/** The original with the patch merged in. Throws StrategicPatchError. */
export function strategicPatch(type: TypeNode, original: unknown, patch: unknown): unknown {
  if (!isFields(patch)) throw badKind("map", patch);
  return mergeMap(type, isFields(original) ? original : {}, patch);
}

function mergeMap(type: TypeNode | undefined, original: Fields, patch: Fields): Fields {
  if (Object.hasOwn(patch, MARKER)) {
    const { [MARKER]: directive, ...rest } = patch;
    if (directive === "replace") return rest;
    if (directive === "delete") return {};
    if (directive !== "merge") throw new StrategicPatchError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
    throw new StrategicPatchError(`unknown patch type: merge in map: ${goText(patch)}`);
  }
  const names = Object.keys(patch);
  if (names.some(isDirective)) return mergeDirected(type, original, patch, names);
  let out: Fields | undefined;
  for (const key of names) {
    const old = Object.hasOwn(original, key) ? original[key] : undefined;
    const value = merged(type, key, old, patch[key], false);
    if (value === old) continue;
    out ??= { ...original };
    if (value === undefined) delete out[key];
    else setKey(out, key, value);
  }
  return out ?? original;
}
const isDirective = (name: string) => name === RETAIN || name.startsWith(ORDER) || name.startsWith(DELETE);
function mergeDirected(type: TypeNode | undefined, original: Fields, patch: Fields, names: readonly string[]): Fields {
  const out: Fields = { ...original };
  if (Object.hasOwn(patch, RETAIN)) retain(out, patch);
  const done = new Set<string>([RETAIN]);
  for (const key of names) {
    if (!key.startsWith(ORDER)) continue;
    done.add(key);
    const name = key.slice(ORDER.length);
    if (setOrder(type, out, name, patch[key], patch[name], Object.hasOwn(patch, name))) done.add(name);
  }
  for (const given of names) {
    if (done.has(given)) continue;
    const deletes = given.startsWith(DELETE);
    const key = deletes ? given.slice(DELETE.length) : given;
    if (deletes && !Array.isArray(patch[given])) throw new StrategicPatchError("invalid patch format of primitive list", 400);
    const old = Object.hasOwn(out, key) ? out[key] : undefined;
    const value = merged(type, key, old, patch[given], deletes);
    if (value === undefined) delete out[key];
    else if (value !== old) setKey(out, key, value);
  }
  return out;
}
/** What a field that was `old` (undefined: absent) becomes by its value in the patch; undefined: absent. */
function merged(type: TypeNode | undefined, key: string, old: unknown, value: unknown, deletes: boolean): unknown {
  if (value === null) return undefined;
  if (old === undefined || kindOf(old) !== kindOf(value)) return deletes ? old : fresh(value);
  if (typeof value !== "object") return value;
  const meta = metaOf(type, key);
  if (isFields(value)) return meta.strategy === "replace" ? value : mergeMap(meta.type, old as Fields, value);
  const list = value as readonly unknown[];
  return meta.strategy === "merge" || deletes ? mergeList(itemType(meta.type), old as unknown[], list, meta.key, deletes) : list;
}

function retain(original: Fields, patch: Fields): void {
  const list = patch[RETAIN];
  const wrong = () => new StrategicPatchError("invalid patch format of retainKeys", 400);
  if (!Array.isArray(list)) throw wrong();
  const names = new Set<unknown>(list);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN || value === null || key.startsWith(DELETE) || key.startsWith(ORDER)) continue;
    if (!names.has(key)) throw wrong();
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** Merges a list and puts it in the patch's order; items that only the server has keep their place as far as they can. */
function setOrder(type: TypeNode | undefined, out: Fields, name: string, order: unknown, patchList: unknown, given: boolean): boolean {
  if (!Array.isArray(order)) throw badKind("slice", order);
  const old = out[name];
  if (old !== undefined && !Array.isArray(old)) throw badKind("slice", old);
  if (given && !Array.isArray(patchList)) throw badKind("slice", patchList);
  const meta = metaOf(type, name);
  if (given) checkOrder(patchList as unknown[], order, meta.key);
  let list: readonly unknown[];
  if (old && !given) list = old;
  else if (!old && given) list = fresh(patchList) as unknown[];
  else if (old && given)
    list =
      meta.strategy === "merge" ? mergeList(itemType(meta.type), old, patchList as unknown[], meta.key, false) : (patchList as unknown[]);
  else return false;
  setKey(out, name, ordered(list, order, old ?? [], meta.key));
  return given;
}
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string): void {
  let at = 0;
  for (const item of patch) {
    if (isFields(item) && item[MARKER] !== undefined) continue;
    while (at < order.length && !same(order[at], item, key)) at++;
    if (at === order.length)
      throw new StrategicPatchError(
        `The order in patch list:\n${goText(patch)}\n doesn't match ${ORDER.slice(0, -1)} list:\n${goText(order)}\n`,
      );
  }
}
function same(a: unknown, b: unknown, key: string): boolean {
  return isFields(a) && isFields(b) && key !== "" ? a[key] !== undefined && equal(a[key], b[key]) : equal(a, b);
}
const indexOf = (list: readonly unknown[], item: unknown, key: string) => list.findIndex(other => same(other, item, key));

function ordered(merged: readonly unknown[], order: readonly unknown[], server: readonly unknown[], key: string): unknown[] {
  if (key !== "") for (const item of merged) if (isFields(item) && item[key] === undefined) throw noMergeKey(item, key);
  const by = (list: unknown[], rank: readonly unknown[]) =>
    list
      .map(item => ({ item, at: indexOf(rank, item, key) }))
      .sort((a, b) => (a.at < 0 || b.at < 0 ? 0 : a.at - b.at))
      .map(x => x.item);
  const right = by(
    merged.filter(item => indexOf(order, item, key) >= 0),
    order,
  );
  const left = by(
    merged.filter(item => indexOf(order, item, key) < 0),
    server,
  );
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (j >= right.length) out.push(left[i++]);
    else if (i >= left.length) out.push(right[j++]);
    else {
      const l = indexOf(server, left[i], key);
      const r = indexOf(server, right[j], key);
      out.push(l >= 0 && r >= 0 && l < r ? left[i++] : right[j++]);
    }
  }
  return out;
}

function mergeList(
  type: TypeNode | undefined,
  original: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  deletes: boolean,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const sample = original[0] ?? patch[0];
  if (Array.isArray(sample)) throw new StrategicPatchError("lists of lists are not supported", 422);
  if (!isFields(sample)) {
    if (deletes) return original.filter(v => !patch.includes(v));
    return ordered([...new Set([...original, ...patch])], patch, original, "");
  }
  const name = type?.is === "object" ? type.name : "";
  if (key === "") throw new StrategicPatchError(`cannot merge lists without merge key for ${name}`);
  let base = [...original];
  let items: Fields[] = [];
  let replace = false;
  for (const item of patch) {
    if (!isFields(item)) throw badKind("map", item);
    const directive = item[MARKER];
    if (directive === undefined) items.push(item);
    else if (directive === "delete") {
      if (item[key] === undefined) throw noMergeKey(item, key);
      base = base.filter(v => !(isFields(v) && equal(v[key], item[key])));
    } else if (directive === "replace") replace = true;
    else if (directive === "merge") throw new StrategicPatchError("merging lists cannot yet be specified in the patch");
    else throw new StrategicPatchError(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
  }
  if (replace) {
    base = items;
    items = [];
  }
  // the whole list is mostly sent, in its order
  let alike = !replace && base.length === original.length && items.length === base.length;
  for (const [i, item] of items.entries()) {
    if (item[key] === undefined) throw noMergeKey(item, key);
    const at = base.findIndex(v => isFields(v) && equal(v[key], item[key]));
    if (at !== i || item[key] === null) alike = false;
    if (at >= 0) base[at] = mergeMap(type, base[at] as Fields, item);
    else base.push(fresh(item));
  }
  return alike ? base : ordered(base, items, original, key);
}
