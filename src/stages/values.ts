/** Values as Go's text/template has them, and its functions with some of sprig's: pure ones. */
import { toYaml } from "#base/yamlwriter.ts";

/** What is no template, or fails on an object: one sentence. */
export class TemplateError extends Error {}
export type Functions = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** False: nothing, false, 0, and what is empty. */
export function isTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
/** As `{{ }}` prints it. */
export function toText(value: unknown): string {
  return value === undefined || value === null ? "<no value>" : formatted(value);
}
/** Go's %v. */
function formatted(value: unknown): string {
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(formatted).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([k, v]) => `${k}:${formatted(v)}`).join(" ")}]`;
}
/** A value as an error names it. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  return Array.isArray(value) ? "list" : typeof value === "bigint" ? "number" : typeof value;
}
function equal(first: unknown, ...others: unknown[]): boolean {
  if (others.length === 0) throw new TemplateError("missing argument for comparison");
  return others.some(other => {
    const [a, b] = [kindOf(first), kindOf(other)];
    if (a === "nothing" || b === "nothing") return a === b;
    if (a !== b) throw new TemplateError(`${brief(first)} and ${brief(other)} are of kinds that cannot be compared`);
    if (a === "list" || a === "object") throw new TemplateError(`${brief(first)} cannot be compared`);
    return first === other;
  });
}
function compare(a: unknown, b: unknown): number {
  if (kindOf(a) !== kindOf(b) || !["number", "string"].includes(kindOf(a)))
    throw new TemplateError(`${brief(a)} and ${brief(b)} have no order`);
  return (a as number) < (b as number) ? -1 : a === b ? 0 : 1;
}
function index(of: unknown, ...keys: unknown[]): unknown {
  let value = of;
  for (const key of keys) {
    if (Array.isArray(value)) {
      if (typeof key !== "number" || key < 0 || key >= value.length) throw new TemplateError(`index out of range: ${brief(key)}`);
      value = value[key];
    } else if (typeof value === "object" && value !== null) {
      if (typeof key !== "string") throw new TemplateError(`${brief(key)} is not a key of a map`);
      value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    } else throw new TemplateError(`${value === undefined || value === null ? "nothing" : brief(value)} cannot be indexed`);
  }
  return value;
}
function length(value: unknown): number {
  if (typeof value === "string") return new Blob([value]).size;
  if (typeof value !== "object" || value === null)
    throw new TemplateError(`${value === undefined ? "nothing" : brief(value)} has no length`);
  return Object.keys(value).length;
}
/** Go's verbs, without widths. */
function printf(format: unknown, ...args: unknown[]): string {
  let next = 0;
  return String(format).replace(/%(.)/g, (all, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const value = args[next++];
    if (verb === "q") return JSON.stringify(String(value));
    if (verb === "d" && typeof value !== "number") return `%!d(${kindOf(value)}=${formatted(value)})`;
    if ("svdt".includes(verb)) return formatted(value);
    throw new TemplateError(`the verb ${all} is not understood here`);
  });
}
const sum = (...args: unknown[]) => args.reduce<number>((a, b) => a + integer(b), 0);
const product = (...args: unknown[]) => args.reduce<number>((a, b) => a * integer(b), 1);
/** sprig's toInt64: what is no number is 0. */
function integer(value: unknown): number {
  const made = Math.trunc(Number(value));
  return Number.isFinite(made) ? made : 0;
}
function quotient(a: unknown, b: unknown, of: (a: number, b: number) => number): number {
  if (integer(b) === 0) throw new TemplateError("division by zero");
  return of(integer(a), integer(b));
}
const string = (value: unknown) => (value === undefined || value === null ? "" : formatted(value));
function dict(...args: unknown[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (let i = 0; i < args.length; i += 2) made[string(args[i])] = i + 1 < args.length ? args[i + 1] : "";
  return made;
}

/** Text as a JSON string; anything else as a string of its JSON. */
function quote(value: unknown): string {
  return JSON.stringify(typeof value === "string" ? value : JSON.stringify(value ?? null));
}
/** YAML, from the second level on with a line break before and two spaces a level. */
function yaml(value: unknown, indent: unknown = 0): string {
  const text = toYaml(value);
  const depth = integer(indent);
  return depth > 0 ? `\n${text}`.replaceAll("\n", `\n${"  ".repeat(depth)}`) : text;
}

/** Functions that need nothing but their arguments. `and` and `or` belong to the language. */
export const PURE_FUNCTIONS: Functions = {
  // text/template's own
  not: value => !isTrue(value),
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  index,
  len: length,
  print: (...args) => args.map(formatted).join(""),
  printf,
  // kwok's
  Quote: quote,
  YAML: yaml,
  // sprig's
  dict,
  list: (...args) => args,
  get: (map, key) => index(map, key) ?? "",
  hasKey: (map, key) => typeof map === "object" && map !== null && Object.hasOwn(map, string(key)),
  default: (otherwise, value) => (isTrue(value) ? value : otherwise),
  empty: value => !isTrue(value),
  coalesce: (...args) => args.find(isTrue),
  ternary: (yes, no, which) => (isTrue(which) ? yes : no),
  quote: (...args) => args.map(a => JSON.stringify(string(a))).join(" "),
  squote: (...args) => args.map(a => `'${string(a)}'`).join(" "),
  toString: string,
  toJson: value => JSON.stringify(value ?? null),
  lower: value => string(value).toLowerCase(),
  upper: value => string(value).toUpperCase(),
  trim: value => string(value).trim(),
  replace: (from, to, value) => string(value).replaceAll(string(from), () => string(to)),
  contains: (part, value) => string(value).includes(string(part)),
  hasPrefix: (part, value) => string(value).startsWith(string(part)),
  hasSuffix: (part, value) => string(value).endsWith(string(part)),
  trimPrefix: (part, value) => (string(value).startsWith(string(part)) ? string(value).slice(string(part).length) : value),
  trimSuffix: (part, value) => (part && string(value).endsWith(string(part)) ? string(value).slice(0, -string(part).length) : value),
  join: (by, values) => (Array.isArray(values) ? values.map(string).join(string(by)) : string(values)),
  int: integer,
  int64: integer,
  add: sum,
  sub: (a, b) => integer(a) - integer(b),
  mul: product,
  div: (a, b) => quotient(a, b, (x, y) => Math.trunc(x / y)),
  mod: (a, b) => quotient(a, b, (x, y) => x % y),
};
