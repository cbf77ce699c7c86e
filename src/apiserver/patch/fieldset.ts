/**
 * Sets of field paths, kept in the very form in which managedFields holds them (FieldsV1): a node's keys are path elements
 * (`f:` field, `k:` keyed item, `v:` item of a set, `i:` index), an empty node or one with "." is a member. The root is no member.
 * Sets are never changed in place; what two sets share they share in memory.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A member without children. As a root: the empty set. */
export const LEAF: FieldSet = Object.freeze({});

function hasKeys(set: FieldSet): boolean {
  for (const _ in set) return true;
  return false;
}
export function isEmpty(set: FieldSet): boolean {
  return !hasKeys(set);
}
function isMember(node: FieldSet): boolean {
  return node["."] !== undefined || !hasKeys(node);
}
/** Whether the node at `element` is in the set. */
export function has(set: FieldSet, element: string): boolean {
  const node = set[element];
  return node !== undefined && isMember(node);
}
/** What the set holds beneath `element`. */
export function beneath(set: FieldSet, element: string): FieldSet {
  const node = set[element];
  if (node === undefined || node["."] === undefined) return node ?? LEAF;
  const { ".": _, ...rest } = node;
  return rest;
}
/** Whether the node that these elements lead to is in the set. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (let i = 0; i < path.length; i++) {
    at = at[path[i]!];
    if (at === undefined) return false;
  }
  return isMember(at);
}
/** Whether the set has the node that these elements lead to, or one above it. */
export function coversPath(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (let i = 0; i < path.length; i++) {
    at = at[path[i]!];
    if (at === undefined) return false;
    if (isMember(at)) return true;
  }
  return false;
}

const rank: Readonly<Record<string, number>> = { ".": 0, f: 1, k: 2, v: 3, i: 4 };
function before(a: string, b: string): boolean {
  const ra = rank[a[0]!]!;
  const rb = rank[b[0]!]!;
  return ra === rb ? a < b : ra < rb;
}
/** A node of these children (none undefined), in upstream's order; undefined when it would be neither a member nor a parent. */
export function node(member: boolean, kids: Record<string, FieldSet> | undefined): FieldSet | undefined {
  if (!kids) return member ? LEAF : undefined;
  const keys = Object.keys(kids);
  let sorted = true;
  for (let i = 1; i < keys.length; i++) {
    if (before(keys[i]!, keys[i - 1]!)) {
      sorted = false;
      break;
    }
  }
  if (sorted && !member) return kids;
  if (!sorted) keys.sort((a, b) => (before(a, b) ? -1 : 1));
  const out: Record<string, FieldSet> = {};
  if (member) out["."] = LEAF;
  for (const key of keys) out[key] = kids[key]!;
  return out;
}
function build(member: boolean, kids: Record<string, FieldSet>): FieldSet | undefined {
  for (const _ in kids) return node(member, kids);
  return member ? LEAF : undefined;
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const kids: Record<string, FieldSet> = {};
  for (const key in a) if (key !== ".") kids[key] = a[key]!;
  for (const key in b) if (key !== ".") kids[key] = kids[key] === undefined ? b[key]! : unionNodes(kids[key], b[key]!);
  return build(isMember(a) || isMember(b), kids)!;
}
function differNodes(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const gone = isMember(b);
  if (recursive && gone) return undefined;
  return build(isMember(a) && !gone, differKids(a, b, recursive));
}
function differKids(a: FieldSet, b: FieldSet, recursive: boolean): Record<string, FieldSet> {
  const kids: Record<string, FieldSet> = {};
  for (const key in a) {
    if (key === ".") continue;
    const other = b[key];
    const rest = other === undefined ? a[key] : differNodes(a[key]!, other, recursive);
    if (rest !== undefined) kids[key] = rest;
  }
  return kids;
}
function intersectNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  return build(isMember(a) && isMember(b), intersectKids(a, b));
}
function intersectKids(a: FieldSet, b: FieldSet): Record<string, FieldSet> {
  const kids: Record<string, FieldSet> = {};
  for (const key in a) {
    if (key === "." || b[key] === undefined) continue;
    const both = intersectNodes(a[key]!, b[key]);
    if (both !== undefined) kids[key] = both;
  }
  return kids;
}

/** Whether the node `a` holds all of the node `b`. */
function covers(a: FieldSet, b: FieldSet): boolean {
  return a === b || ((isMember(a) || !isMember(b)) && coversKids(a, b));
}
function coversKids(a: FieldSet, b: FieldSet): boolean {
  for (const key in b) if (key !== "." && (a[key] === undefined || !covers(a[key], b[key]!))) return false;
  return true;
}
/** Whether a member beneath `a` is one beneath `b`. */
function meets(a: FieldSet, b: FieldSet): boolean {
  for (const key in b) {
    if (key === "." || a[key] === undefined) continue;
    if ((isMember(a[key]) && isMember(b[key]!)) || meets(a[key], b[key]!)) return true;
  }
  return false;
}

/** `b` itself where it holds all of `a`. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || coversKids(b, a)) return b;
  if (isEmpty(b)) return a;
  return unionNodes(a, b);
}
/** `a` itself where it loses nothing. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return !meets(a, b) ? a : (build(false, differKids(a, b, false)) ?? LEAF);
}
/** What is in `a` and neither in `b` nor beneath a member of it. */
export function without(a: FieldSet, b: FieldSet): FieldSet {
  return isEmpty(b) ? a : (build(false, differKids(a, b, true)) ?? LEAF);
}
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return build(false, intersectKids(a, b)) ?? LEAF;
}

/** The set of these paths of plain fields, e.g. `["metadata", "name"]`. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  let out: FieldSet = LEAF;
  for (const path of paths)
    out = union(
      out,
      path.reduceRight<FieldSet>((inner, name) => ({ [`f:${name}`]: inner }), LEAF),
    );
  return out;
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
/** A path element as error sentences show it: `.spec`, `[name="x"]`, `[="x"]`. */
export function elementText(element: string): string {
  const body = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${body}`;
    case "k":
      return `[${Object.entries(JSON.parse(body) as Record<string, unknown>)
        .map(([k, v]) => `${k}=${shown(v)}`)
        .join(",")}]`;
    case "v":
      return `[=${shown(JSON.parse(body))}]`;
    default:
      return `[${body}]`;
  }
}
/** All members as texts, in order. */
export function pathsOf(set: FieldSet): string[] {
  const out: string[] = [];
  const walk = (n: FieldSet, at: string) => {
    for (const key in n) {
      if (key === ".") continue;
      const here = at + elementText(key);
      if (isMember(n[key]!)) out.push(here);
      walk(n[key]!, here);
    }
  };
  walk(set, "");
  return out;
}

/** Whether a value is a set in FieldsV1 form; anything else in managedFields resets them, as upstream does. */
export function isFieldSet(value: unknown): value is FieldSet {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const [key, kid] of Object.entries(value)) {
    if (key !== "." && !/^[fkvi]:/.test(key)) return false;
    if (key[0] === "k" || key[0] === "v") {
      try {
        JSON.parse(key.slice(2));
      } catch {
        return false;
      }
    }
    if (!isFieldSet(kid)) return false;
  }
  return true;
}
