/** Which leaves two objects have in common and differ in: what `compare` says of most updates, without a set of anything. */
import {
  anything,
  elementOf,
  fieldElement,
  isBare,
  isObject,
  rootSlot,
  type Shape,
  type Slot,
  shapeFor,
  slotFor,
} from "#apiserver/patch/typed.ts";
import { equal } from "#base/equal.ts";
import type { ObjectNode } from "#schema/notation.ts";

/** Told of a leaf by the path elements that lead to it, which are the walk's own; false ends the walk. */
type Told = (path: readonly string[]) => boolean;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Tells of each leaf that `compare` would call modified. False: it ended, since `told` said so, or since something is added, removed or
 * stands elsewhere in its list.
 */
export function modified(type: ObjectNode, left: unknown, right: unknown, told: Told): boolean {
  return walk(rootSlot(type), left, right, [], told);
}
function walk(slot: Slot, l: unknown, r: unknown, path: string[], told: Told): boolean {
  if (l === r) return true;
  if (l === undefined || r === undefined) return false;
  const shape = shapeFor(slot, l ?? r);
  if (shape.is === "leaf" || (isBare(l) && isBare(r))) return equal(l, r) || told(path);
  if (shape.is === "set") return equal(l, r);
  if (shape.is === "list") return items(shape, l, r, path, told);
  const left: Fields = isObject(l) ? l : {};
  const right: Fields = isObject(r) ? r : {};
  for (const key in left) {
    const value = left[key];
    if (value === undefined || value === right[key]) continue;
    const kid = slotFor(shape, key) ?? anything;
    path.push(fieldElement(kid, key));
    if (!walk(kid, value, right[key], path, told)) return false;
    path.pop();
  }
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}
function items(shape: Shape & { readonly is: "list" }, l: unknown, r: unknown, path: string[], told: Told): boolean {
  if (equal(l, r)) return true;
  if (!Array.isArray(l) || !Array.isArray(r) || l.length !== r.length) return false;
  const seen = new Set<string>();
  for (let i = 0; i < l.length; i++) {
    const element = elementOf(shape, l[i]);
    if (seen.has(element) || element !== elementOf(shape, r[i])) return false;
    seen.add(element);
    path.push(element);
    if (!walk(shape.item, l[i], r[i], path, told)) return false;
    path.pop();
  }
  return true;
}
