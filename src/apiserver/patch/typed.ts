/**
 * Objects seen through their types, as server-side apply needs it: which fields an object has, what differs between two, merging,
 * taking items away, and what does not fit. Lists without a list type are atomic. After structured-merge-diff's `typed` package.
 */
import { beneath, elementText, type FieldSet, has, isEmpty, LEAF, node } from "#apiserver/patch/fieldset.ts";
import { assert } from "#base/assert.ts";
import { equal } from "#base/equal.ts";
import { setKey } from "#base/json.ts";
import type { FieldNode, ObjectNode, TypeNode } from "#schema/notation.ts";

/** A value's type where it stands: the field adds what the type alone does not say (list type, keys, atomic). */
export interface Slot {
  readonly type: TypeNode;
  readonly field: FieldNode | undefined;
  /** The path element of a field; "": it is made of what stands there. */
  readonly element: string;
}
type Fields = Readonly<Record<string, unknown>>;

/** How a slot's values are taken apart. */
export type Shape =
  | { readonly is: "leaf" }
  | { readonly is: "object"; readonly node: ObjectNode; readonly slots: ReadonlyMap<string, Slot> }
  | { readonly is: "map"; readonly item: Slot }
  | { readonly is: "deduced" }
  | { readonly is: "set"; readonly item: Slot }
  | { readonly is: "list"; readonly item: Slot; readonly keys: readonly string[]; readonly defaults: readonly unknown[] };

const leaf: Shape = { is: "leaf" };
const deduced: Shape = { is: "deduced" };
export const anything: Slot = { type: { is: "scalar", scalar: "any" }, field: undefined, element: "" };
const slotsOfObjects = new WeakMap<ObjectNode, ReadonlyMap<string, Slot>>();
const shapes = new WeakMap<Slot, Shape>();
const roots = new WeakMap<ObjectNode, Slot>();

/** The slot of a whole object of this type. */
export function rootSlot(node: ObjectNode): Slot {
  let slot = roots.get(node);
  if (!slot) {
    slot = { type: node, field: undefined, element: "" };
    roots.set(node, slot);
  }
  return slot;
}
function slotsOf(node: ObjectNode): ReadonlyMap<string, Slot> {
  let slots = slotsOfObjects.get(node);
  if (!slots) {
    slots = new Map(Object.entries(node.fields).map(([name, field]) => [name, { type: field.type, field, element: `f:${name}` }]));
    slotsOfObjects.set(node, slots);
  }
  return slots;
}
function shapeOf(slot: Slot): Shape {
  let shape = shapes.get(slot);
  if (!shape) {
    shape = makeShape(slot);
    shapes.set(slot, shape);
  }
  return shape;
}
/** How this value is taken apart: where any may stand, an object is and nothing else. */
export function shapeFor(slot: Slot, value: unknown): Shape {
  const shape = shapeOf(slot);
  return shape === deduced && !isObject(value) ? leaf : shape;
}
function makeShape({ type, field }: Slot): Shape {
  switch (type.is) {
    case "scalar":
      return type.scalar === "any" || type.scalar === "fieldsV1" ? deduced : leaf;
    case "object":
      return type.atomic || field?.atomic ? leaf : { is: "object", node: type, slots: slotsOf(type) };
    case "map":
      return field?.atomic ? leaf : { is: "map", item: { type: type.of, field: undefined, element: "" } };
    default: {
      if (field?.listType === "set") return { is: "set", item: { type: type.of, field: undefined, element: "" } };
      if (field?.listType !== "map" || type.of.is !== "object") return leaf;
      const { fields } = type.of;
      const keys = field.keys.toSorted();
      return { is: "list", item: { type: type.of, field: undefined, element: "" }, keys, defaults: keys.map(k => fields[k]?.defaultValue) };
    }
  }
}
export function slotFor(shape: Shape, name: string): Slot | undefined {
  if (shape.is === "object") return shape.slots.get(name);
  return shape.is === "map" ? shape.item : anything;
}

/** The path element of what stands under this key. */
export const fieldElement = (slot: Slot, key: string): string => slot.element || `f:${key}`;

/** A value that does not fit its type; the message is upstream's, e.g. `.spec.foo: field not declared in schema`. */
export class TypedError extends Error {}

/** The path element of an item of a list whose items are told apart. */
export function elementOf(shape: Shape, item: unknown): string {
  if (shape.is === "set") {
    if (item === null) throw new TypedError("associative list without keys has an element that's an explicit null");
    if (typeof item === "object")
      throw new TypedError(
        Array.isArray(item)
          ? "not supported: associative list with lists as elements"
          : "associative list without keys has an element that's a map type",
      );
    return `v:${JSON.stringify(item)}`;
  }
  assert(shape.is === "list", "only lists have items");
  if (item === null || item === undefined) throw new TypedError("associative list with keys may not have a null element");
  if (typeof item !== "object" || Array.isArray(item)) throw new TypedError("associative list with keys may not have non-map elements");
  let text = "";
  for (let i = 0; i < shape.keys.length; i++) {
    const key = shape.keys[i]!;
    const value = (item as Fields)[key] ?? shape.defaults[i];
    if (value === undefined) continue;
    text += `${text === "" ? "" : ","}"${key}":${typeof value === "number" ? value : JSON.stringify(value)}`;
  }
  if (text === "") {
    const keys = shape.keys.map(k => JSON.stringify(k)).join(" ");
    throw new TypedError(
      `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:{${text}}`;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
export function isBare(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value as object) return false;
  return true;
}

/** What differs between two objects. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}
interface Diff {
  readonly a: FieldSet | undefined;
  readonly m: FieldSet | undefined;
  readonly r: FieldSet | undefined;
}
const ADDED: Diff = { a: LEAF, m: undefined, r: undefined };
const MODIFIED: Diff = { a: undefined, m: LEAF, r: undefined };
const REMOVED: Diff = { a: undefined, m: undefined, r: LEAF };

class Kids {
  a: Record<string, FieldSet> | undefined;
  m: Record<string, FieldSet> | undefined;
  r: Record<string, FieldSet> | undefined;
  add(element: string, diff: Diff | undefined): void {
    if (!diff) return;
    if (diff.a) {
      this.a ??= {};
      this.a[element] = diff.a;
    }
    if (diff.m) {
      this.m ??= {};
      this.m[element] = diff.m;
    }
    if (diff.r) {
      this.r ??= {};
      this.r[element] = diff.r;
    }
  }
  close(added: boolean, removed: boolean): Diff | undefined {
    if (!added && !removed && !this.a && !this.m && !this.r) return undefined;
    return { a: node(added, this.a), m: node(false, this.m), r: node(removed, this.r) };
  }
}
function leafDiff(l: unknown, r: unknown): Diff | undefined {
  if (l === undefined) return ADDED;
  if (r === undefined) return REMOVED;
  return equal(l, r) ? undefined : MODIFIED;
}
function diff(slot: Slot, l: unknown, r: unknown): Diff | undefined {
  if (l === r) return undefined;
  const shape = shapeFor(slot, l ?? r);
  if (shape.is === "leaf" || (isBare(l) && isBare(r))) return leafDiff(l, r);
  const kids = new Kids();
  if (shape.is === "set" || shape.is === "list") {
    if (equal(l, r)) return undefined;
    const left = group(shape, l);
    const right = group(shape, r);
    for (const [element, items] of left) kids.add(element, diffItems(shape, items, right.get(element)));
    for (const [element, items] of right) if (!left.has(element)) kids.add(element, diffItems(shape, undefined, items));
  } else {
    const left: Fields = isObject(l) ? l : {};
    const right: Fields = isObject(r) ? r : {};
    for (const key in left) {
      const value = left[key];
      if (value === undefined || value === right[key]) continue;
      const kid = slotFor(shape, key) ?? anything;
      const found = diff(kid, value, right[key]);
      if (found) kids.add(fieldElement(kid, key), found);
    }
    for (const key in right) {
      if (left[key] !== undefined || right[key] === undefined) continue;
      const kid = slotFor(shape, key) ?? anything;
      const found = diff(kid, undefined, right[key]);
      if (found) kids.add(fieldElement(kid, key), found);
    }
  }
  return kids.close(l === undefined, r === undefined);
}
/** Items by their path element; several of one element stay together. */
function group(shape: Shape, list: unknown): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  if (!Array.isArray(list)) return out;
  for (const item of list) {
    const element = elementOf(shape, item);
    const same = out.get(element);
    if (same) same.push(item);
    else out.set(element, [item]);
  }
  return out;
}
function diffItems(shape: Shape, l: unknown[] | undefined, r: unknown[] | undefined): Diff | undefined {
  assert(shape.is === "set" || shape.is === "list", "only lists have items");
  const left = l?.length ?? 0;
  const right = r?.length ?? 0;
  if (left <= 1 && right <= 1) return diff(shape.item, l?.[0], r?.[0]);
  if (left >= 2 && right >= 2) return equal(l, r) ? undefined : MODIFIED;
  // Items given twice count as one atomic item.
  if (left >= 2) return { a: right ? diff(shape.item, undefined, r![0])?.a : undefined, m: undefined, r: LEAF };
  return { a: LEAF, m: undefined, r: left ? diff(shape.item, l![0], undefined)?.r : undefined };
}
/** What changes from `left` to `right`; undefined fields count as absent, null ones as present. */
export function compare(type: ObjectNode, left: unknown, right: unknown): Comparison {
  const d = diff(rootSlot(type), left ?? {}, right ?? {});
  return { added: d?.a ?? LEAF, modified: d?.m ?? LEAF, removed: d?.r ?? LEAF };
}

function setNode(slot: Slot, value: unknown): FieldSet | undefined {
  const shape = shapeFor(slot, value);
  if (shape.is === "leaf") return LEAF;
  if (value === null || value === undefined) return undefined;
  let kids: Record<string, FieldSet> | undefined;
  if (shape.is === "set" || shape.is === "list") {
    for (const [element, items] of group(shape, value)) {
      kids ??= {};
      kids[element] = items.length > 1 ? LEAF : asMember(setNode(shape.item, items[0]));
    }
  } else {
    for (const [key, v] of Object.entries(value as Fields)) {
      if (v === undefined) continue;
      const inner = setNode(slotFor(shape, key) ?? anything, v);
      const member = v === null || (isObject(v) && isBare(v)) || shape.is !== "object" || !shape.slots.has(key);
      const own = member ? asMember(inner) : inner;
      if (!own) continue;
      kids ??= {};
      kids[`f:${key}`] = own;
    }
  }
  return node(false, kids);
}
function asMember(set: FieldSet | undefined): FieldSet {
  if (!set || isEmpty(set) || set["."] !== undefined) return set ?? LEAF;
  return { ".": LEAF, ...set };
}
/** All fields that an object has. */
export function fieldSetOf(type: ObjectNode, value: unknown): FieldSet {
  return setNode(rootSlot(type), value) ?? LEAF;
}

/** The set with every declared field that it goes through made a member. */
export function withNamedFields(type: ObjectNode, set: FieldSet): FieldSet {
  return named(rootSlot(type), set);
}
function named(slot: Slot | undefined, set: FieldSet): FieldSet {
  const shape = slot ? shapeOf(slot) : leaf;
  const kids: Record<string, FieldSet> = {};
  for (const key in set) {
    if (key === ".") continue;
    const field = key[0] === "f" ? key.slice(2) : undefined;
    const declared = field !== undefined && shape.is === "object" && shape.slots.has(field);
    const next =
      field !== undefined
        ? shape.is === "leaf"
          ? undefined
          : slotFor(shape, field)
        : key[0] === "k" && shape.is === "list"
          ? shape.item
          : undefined;
    const kid = set[key]!;
    const inner = isEmpty(kid) ? kid : named(next, kid);
    kids[key] = declared && !isEmpty(kid) ? asMember(inner) : inner;
  }
  if (set["."] !== undefined) return { ".": LEAF, ...kids };
  return kids;
}

/** The value without the items that the set names; undefined when nothing is left of it. */
export function removeItems(type: ObjectNode, value: unknown, remove: FieldSet): unknown {
  return isEmpty(remove) ? value : removed(rootSlot(type), value, remove);
}
function removed(slot: Slot, value: unknown, remove: FieldSet): unknown {
  const shape = shapeFor(slot, value);
  if (typeof value !== "object" || value === null) return value;
  if (isBare(value) || shape.is === "leaf") return undefined;
  if (shape.is === "set" || shape.is === "list") {
    if (!Array.isArray(value)) return undefined;
    const out: unknown[] = [];
    for (const item of value) {
      const element = elementOf(shape, item);
      if (has(remove, element)) continue;
      const inner = beneath(remove, element);
      out.push(isEmpty(inner) ? item : removed(shape.item, item, inner));
    }
    return out.length > 0 ? out : undefined;
  }
  const out: Record<string, unknown> = {};
  for (const [key, v] of Object.entries(value)) {
    const element = `f:${key}`;
    if (has(remove, element)) continue;
    const inner = beneath(remove, element);
    const rest = isEmpty(inner) ? v : removed(slotFor(shape, key) ?? anything, v, inner);
    setKey(out, key, rest === undefined ? null : rest);
  }
  return isBare(out) ? undefined : out;
}

/** `config` laid over `live`: atomic values are replaced, items of keyed lists are matched, the order of `config` wins. */
export function merge(type: ObjectNode, live: unknown, config: unknown): unknown {
  return merged(rootSlot(type), live, config);
}
function merged(slot: Slot, l: unknown, r: unknown): unknown {
  const shape = shapeFor(slot, r ?? l);
  if (shape.is === "leaf" || (isBare(l) && isBare(r))) return r !== undefined ? r : l;
  if (shape.is === "set" || shape.is === "list") return mergedList(shape, Array.isArray(l) ? l : [], Array.isArray(r) ? r : []);
  const left: Fields = isObject(l) ? l : {};
  const right: Fields = isObject(r) ? r : {};
  const out: Record<string, unknown> = {};
  for (const [key, v] of Object.entries(left)) {
    if (v === undefined) continue;
    const value = merged(slotFor(shape, key) ?? anything, v, Object.hasOwn(right, key) ? right[key] : undefined);
    if (value !== undefined) setKey(out, key, value);
  }
  for (const [key, v] of Object.entries(right)) {
    if (v === undefined || (Object.hasOwn(left, key) && left[key] !== undefined)) continue;
    const value = merged(slotFor(shape, key) ?? anything, undefined, v);
    if (value !== undefined) setKey(out, key, value);
  }
  return isBare(out) ? undefined : out;
}
function mergedList(shape: Shape, l: readonly unknown[], r: readonly unknown[]): unknown {
  assert(shape.is === "set" || shape.is === "list", "only lists have items");
  const left = l.map(item => elementOf(shape, item));
  const right = r.map(item => elementOf(shape, item));
  const ofLeft = new Map<string, unknown>();
  // An item given twice is not merged with its successor.
  left.forEach((e, i) => {
    ofLeft.set(e, ofLeft.has(e) ? null : l[i]);
  });
  const ofRight = new Map(right.map((e, i) => [e, r[i]]));
  const shared = right.filter(e => ofLeft.has(e));
  let next = shared.shift();
  const done = new Set<string>();
  const out: unknown[] = [];
  const take = (e: string) => {
    done.add(e);
    const before = ofLeft.get(e);
    const value = merged(shape.item, before === null ? undefined : before, ofRight.get(e));
    if (value !== undefined) out.push(value);
  };
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const a = left[i];
    const b = right[j];
    if (a !== undefined && b !== undefined) {
      if (a === b) {
        take(a);
        i++;
        j++;
        next = shared.shift();
        continue;
      }
      if (ofRight.has(a) && next !== undefined && next !== a) {
        i++;
        continue;
      }
    }
    if (a !== undefined) {
      if (!ofRight.has(a)) {
        out.push(l[i]);
        i++;
        continue;
      }
      if (done.has(a)) i++;
    }
    if (b !== undefined) {
      take(b);
      j++;
      if (next === b) next = shared.shift();
    }
  }
  return out.length > 0 ? out : undefined;
}

const at = (element: string, e: TypedError) =>
  new TypedError(e.message.startsWith(".") || e.message.startsWith("[") ? element + e.message : `${element}: ${e.message}`);
/** Throws TypedError where a value has fields that its type does not declare, wrong types, or items twice. */
export function checkTyped(type: ObjectNode, value: unknown): void {
  check(rootSlot(type), value);
}
function shownText(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : Array.isArray(value) || typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}
function check(slot: Slot, value: unknown): void {
  if (value === null || value === undefined) return;
  const { type } = slot;
  if (type.is === "scalar") {
    checkScalar(type.scalar, value);
    return;
  }
  if (type.is === "list") {
    if (!Array.isArray(value)) throw new TypedError(`expected list, got ${shownText(value)}`);
    const shape = shapeOf(slot);
    const seen = new Set<string>();
    const item: Slot = shape.is === "set" || shape.is === "list" ? shape.item : rootOf(type.of);
    value.forEach((v: unknown, i) => {
      let element = `i:${i}`;
      if (shape.is === "set" || shape.is === "list") {
        try {
          element = elementOf(shape, v);
        } catch (e) {
          throw e instanceof TypedError ? new TypedError(`element ${i}: ${e.message}`) : e;
        }
        if (seen.has(element)) throw new TypedError(`duplicate entries for key ${elementText(element)}`);
        seen.add(element);
      }
      nested(element, item, v);
    });
    return;
  }
  if (!isObject(value)) throw new TypedError(`expected map, got ${shownText(value)}`);
  for (const [key, v] of Object.entries(value)) {
    const inner = type.is === "map" ? rootOf(type.of) : slotsOf(type).get(key);
    if (!inner) throw new TypedError(`.${key}: field not declared in schema`);
    nested(`f:${key}`, inner, v);
  }
}
const bareSlots = new WeakMap<TypeNode, Slot>();
function rootOf(type: TypeNode): Slot {
  let slot = bareSlots.get(type);
  if (!slot) {
    slot = { type, field: undefined, element: "" };
    bareSlots.set(type, slot);
  }
  return slot;
}
function nested(element: string, slot: Slot, value: unknown): void {
  try {
    check(slot, value);
  } catch (e) {
    if (e instanceof TypedError) throw at(elementText(element), e);
    throw e;
  }
}
function checkScalar(scalar: string, value: unknown): void {
  switch (scalar) {
    case "any":
    case "fieldsV1":
      return;
    case "int32":
    case "int64":
    case "double":
      if (typeof value !== "number" && typeof value !== "bigint")
        throw new TypedError(
          `expected numeric (int or float), got ${Array.isArray(value) ? "[]interface {}" : isObject(value) ? "map[string]interface {}" : typeof value === "boolean" ? "bool" : "string"}`,
        );
      return;
    case "bool":
      if (typeof value !== "boolean") throw new TypedError(`expected boolean, got ${shownText(value)}`);
      return;
    case "quantity":
    case "intOrString":
      if (typeof value === "object") throw new TypedError(`expected any scalar, got ${shownText(value)}`);
      return;
    default:
      if (typeof value !== "string") throw new TypedError(`expected string, got &value.valueUnstructured{Value:${shownText(value)}}`);
  }
}
