/**
 * From parsed JSON to typed objects, as upstream's decoder and encoder together would have it: wrong types are errors in Go's
 * words, unknown and repeated fields are collected, quantities and times become canonical, empty optional fields go, fields stand
 * in the order of their type and map keys in their own. Every type is compiled once, on first use.
 */
import { type ParsedJson, setKey } from "#base/json.ts";
import { canonicalQuantity, QuantityError } from "#base/quantity.ts";
import { badRequest } from "#base/status.ts";
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration, type TimeText } from "#base/time.ts";
import type { FieldNode, ObjectNode, ScalarName, TypeNode } from "#schema/notation.ts";
import { keptZeros } from "#schema/pointers.ts";

/** A value that does not fit its type; the message is Go's. */
export class DecodeError extends Error {}

export interface Decoded<T> {
  readonly value: T;
  /** What strict field validation refuses, in the order of the text: `unknown field "spec.foo"`, `duplicate field "spec.replicas"`. */
  readonly strict: readonly string[];
}
/** What decoding needs of a kind. */
export interface KindSchema<T> {
  readonly objectType: T;
  readonly schema: ObjectNode;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** At most so many problems are named, as upstream does. */
const MAX_PROBLEMS = 100;
const none: readonly string[] = [];

interface State {
  /** The first type error; decoding goes on after it, since a later one may be worse. */
  error: string | undefined;
  /** Some object had fields that its type does not know. */
  unknown: boolean;
  /** A value that has been read before, and stands for itself. */
  readonly known: object | undefined;
  /** Names of the fields above, and the type that the innermost belongs to. */
  readonly path: string[];
  owner: string;
}
type Read = (value: unknown, state: State) => unknown;

interface Compiled {
  readonly read: Read;
  /** What Go calls the type in errors. */
  readonly goType: string;
  readonly zero: () => unknown;
  readonly isZero: (value: unknown) => boolean;
}

function mismatch(state: State, what: string, goType: string): undefined {
  if (state.error === undefined) {
    const into = state.path.length === 0 ? "Go value" : `Go struct field ${state.owner}.${state.path.join(".")}`;
    state.error = `json: cannot unmarshal ${what} into ${into} of type ${goType}`;
  }
  return undefined;
}
function shown(value: unknown): string {
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "number";
    default:
      return "object";
  }
}
/** Types that read themselves in Go: their errors end decoding at once, without the field's name. */
function abort(message: string): never {
  throw new DecodeError(message);
}

const INT64_MAX = 2n ** 63n - 1n;
function integerReader(goType: string, bits: 32 | 64): Read {
  return (value, state) => {
    if (typeof value === "number") {
      if (Number.isInteger(value) && (bits === 64 || (value >= -2147483648 && value <= 2147483647))) {
        if (bits === 32 || Math.abs(value) < 2 ** 63) return value;
      }
      return mismatch(state, `number ${value}`, goType);
    }
    if (typeof value === "bigint") {
      if (bits === 64 && value <= INT64_MAX && value >= -INT64_MAX - 1n) return value;
      return mismatch(state, `number ${value}`, goType);
    }
    return mismatch(state, shown(value), goType);
  };
}
function timeReader(canonical: (text: string) => TimeText): Read {
  return value => {
    if (typeof value !== "string") return abort(`json: cannot unmarshal ${shown(value)} into Go value of type string`);
    const result = canonical(value);
    return "problem" in result ? abort(result.problem) : result.text;
  };
}
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
function readBytes(value: unknown, state: State): unknown {
  if (typeof value !== "string") return mismatch(state, shown(value), "[]uint8");
  const text = value.includes("\n") || value.includes("\r") ? value.replace(/[\r\n]/g, "") : value;
  if (text.length % 4 === 0 && BASE64.test(text)) return text;
  let at = 0;
  while (at < value.length && /[A-Za-z0-9+/\r\n]/.test(value[at]!)) at++;
  state.error ??= `illegal base64 data at input byte ${at === value.length ? Math.floor(at / 4) * 4 : at}`;
  return undefined;
}
function readQuantity(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint")
    return abort(new QuantityError(badQuantity).message);
  try {
    return canonicalQuantity(String(value).trim());
  } catch (e) {
    if (e instanceof QuantityError) abort(e.message);
    throw e;
  }
}
const badQuantity = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
function readIntOrString(value: unknown): unknown {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2147483648) return value;
  return abort(
    `json: cannot unmarshal ${typeof value === "number" || typeof value === "bigint" ? `number ${value}` : shown(value)} into Go value of type int32`,
  );
}
function readDuration(value: unknown): unknown {
  if (typeof value !== "string") return abort(`json: cannot unmarshal ${shown(value)} into Go value of type string`);
  const result = parseDuration(value);
  return "problem" in result ? abort(result.problem) : formatDuration(result.ms);
}

const never = () => false;
const scalars: Readonly<Record<ScalarName, Compiled>> = {
  string: {
    read: (value, state) => (typeof value === "string" ? value : mismatch(state, shown(value), "string")),
    goType: "string",
    zero: () => "",
    isZero: v => v === "",
  },
  bool: {
    read: (value, state) => (typeof value === "boolean" ? value : mismatch(state, shown(value), "bool")),
    goType: "bool",
    zero: () => false,
    isZero: v => v === false,
  },
  int32: { read: integerReader("int32", 32), goType: "int32", zero: () => 0, isZero: v => v === 0 },
  int64: { read: integerReader("int64", 64), goType: "int64", zero: () => 0, isZero: v => v === 0 },
  double: {
    read: (value, state) =>
      typeof value === "number" || typeof value === "bigint" ? Number(value) : mismatch(state, shown(value), "float64"),
    goType: "float64",
    zero: () => 0,
    isZero: v => v === 0,
  },
  bytes: { read: readBytes, goType: "[]uint8", zero: () => null, isZero: v => v === "" },
  quantity: { read: readQuantity, goType: "resource.Quantity", zero: () => "0", isZero: never },
  intOrString: { read: readIntOrString, goType: "intstr.IntOrString", zero: () => 0, isZero: never },
  time: { read: timeReader(canonicalTime), goType: "v1.Time", zero: () => null, isZero: never },
  microTime: { read: timeReader(canonicalMicroTime), goType: "v1.MicroTime", zero: () => null, isZero: never },
  duration: { read: readDuration, goType: "v1.Duration", zero: () => "0s", isZero: never },
  fieldsV1: { read: value => value, goType: "v1.FieldsV1", zero: () => null, isZero: never },
  any: { read: value => value, goType: "runtime.RawExtension", zero: () => null, isZero: never },
};

const compiledTypes = new WeakMap<TypeNode, Compiled>();
function compile(node: TypeNode): Compiled {
  if (node.is === "scalar") return scalars[node.scalar];
  let compiled = compiledTypes.get(node);
  if (!compiled) {
    compiled = node.is === "object" ? compileObject(node) : node.is === "list" ? compileList(node.of) : compileMap(node.of);
    compiledTypes.set(node, compiled);
  }
  return compiled;
}

/** The name Go gives a type: `v1.PodSpec`, `[]v1.Container`. */
export function goTypeOf(node: TypeNode): string {
  switch (node.is) {
    case "scalar":
      return scalars[node.scalar].goType;
    case "list":
      return `[]${goTypeOf(node.of)}`;
    case "map":
      return `map[string]${goTypeOf(node.of)}`;
    default:
      return `${node.home.slice(node.home.lastIndexOf(".") + 1)}.${node.name}`;
  }
}

function compileList(of: TypeNode): Compiled {
  const goType = `[]${goTypeOf(of)}`;
  let item: Compiled | undefined;
  return {
    goType,
    // Go shows an unset list as null; an empty one means the same to every client and is a list to our own rules.
    zero: () => [],
    isZero: v => Array.isArray(v) && v.length === 0,
    read(value, state) {
      if (!Array.isArray(value)) return mismatch(state, shown(value), goType);
      item ??= compile(of);
      const out: unknown[] = new Array(value.length);
      for (let i = 0; i < value.length; i++) {
        const v: unknown = value[i];
        out[i] = v === null ? item.zero() : item.read(v, state);
      }
      return out;
    },
  };
}

function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) return keys.sort();
  return keys;
}
function compileMap(of: TypeNode): Compiled {
  const goType = `map[string]${goTypeOf(of)}`;
  let item: Compiled | undefined;
  return {
    goType,
    zero: () => ({}),
    isZero(value) {
      for (const _ in value as object) return false;
      return true;
    },
    read(value, state) {
      if (typeof value !== "object" || Array.isArray(value) || value === null) return mismatch(state, shown(value), goType);
      item ??= compile(of);
      const out: Record<string, unknown> = {};
      for (const key of sorted(Object.keys(value))) {
        const v = (value as Record<string, unknown>)[key];
        setKey(out, key, v === null ? item.zero() : item.read(v, state));
      }
      return out;
    },
  };
}

/** In place; they are few, and mostly in order. */
function ordered(places: number[]): number[] {
  for (let i = 1; i < places.length; i++) {
    const place = places[i]!;
    let at = i;
    for (; at > 0 && places[at - 1]! > place; at--) places[at] = places[at - 1]!;
    places[at] = place;
  }
  return places;
}
interface Member {
  readonly name: string;
  readonly type: Compiled;
  readonly always: boolean;
  readonly keepsZero: boolean;
}
function compileObject(node: ObjectNode): Compiled {
  const goType = goTypeOf(node);
  let members: Member[] | undefined;
  const places = new Map<string, number>();
  const always: number[] = [];
  const build = (): Member[] => {
    const kept = keptZeros(node);
    return Object.entries(node.fields).map(([name, field], i) => {
      places.set(name, i);
      if (field.always) always.push(i);
      return { name, type: compile(field.type), always: field.always, keepsZero: field.always || kept.has(name) };
    });
  };
  /** The places of the fields that the output will have, in order. Objects have few of their type's fields: those are looked up. */
  const fieldsOf = (input: Record<string, unknown>, state: State): number[] => {
    const found: number[] = [];
    let inOrder = true;
    for (const key in input) {
      const place = places.get(key);
      if (place === undefined) state.unknown = true;
      else {
        if (found.length > 0 && place < found[found.length - 1]!) inOrder = false;
        found.push(place);
      }
    }
    for (let i = 0; i < always.length; i++) {
      if (found.includes(always[i]!)) continue;
      inOrder = false;
      found.push(always[i]!);
    }
    return inOrder ? found : ordered(found);
  };
  return {
    goType,
    zero() {
      members ??= build();
      const out: Record<string, unknown> = {};
      for (const m of members) if (m.always) out[m.name] = m.type.zero();
      return out;
    },
    isZero: never,
    read(value, state) {
      if (typeof value !== "object" || Array.isArray(value) || value === null) return mismatch(state, shown(value), goType);
      members ??= build();
      const input = value as Record<string, unknown>;
      const owner = state.owner;
      const found = fieldsOf(input, state);
      const out: Record<string, unknown> = {};
      for (let i = 0; i < found.length; i++) {
        const m = members[found[i]!]!;
        const v = input[m.name];
        if (v === undefined || v === null) {
          if (m.always) out[m.name] = m.type.zero();
          continue;
        }
        if (v === state.known) {
          out[m.name] = { ...state.known };
          continue;
        }
        state.owner = node.name;
        state.path.push(m.name);
        const read = m.type.read(v, state);
        state.path.pop();
        if (read !== undefined && (m.keepsZero || !m.type.isZero(read))) out[m.name] = read;
      }
      state.owner = owner;
      return out;
    },
  };
}

/**
 * Decodes a value by its type. Throws DecodeError where the value does not fit.
 * `parsed` may be the outcome of parseJson, or any value wrapped as `{ value }`. Where `known` stands in it, an
 * object that came out of decoding by this type and was frozen, it is not read again: the outcome has its fields, frozen as they are.
 */
export function decode(
  node: ObjectNode,
  parsed: Pick<ParsedJson, "value"> & Partial<ParsedJson>,
  known?: object,
): Decoded<Record<string, unknown>> {
  const state: State = { error: undefined, unknown: false, known, path: [], owner: node.name };
  const value = compile(node).read(parsed.value, state);
  if (state.error !== undefined) throw new DecodeError(state.error);
  const strict = state.unknown || parsed.repeated ? problems(node, parsed.value, parsed.repeated) : none;
  return { value: value as Record<string, unknown>, strict };
}

/**
 * Decodes an object of a kind, as sent by a client. apiVersion and kind are filled in when they are missing.
 * Throws the 400 answer that upstream gives for a body whose types are wrong. `known` as for `decode`.
 */
export function decodeKind<T>(kind: KindSchema<T>, parsed: Pick<ParsedJson, "value"> & Partial<ParsedJson>, known?: object): Decoded<T> {
  try {
    const { value: object, strict } = decode(kind.schema, parsed, known);
    const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
    const value = object.apiVersion && object.kind ? object : { apiVersion, kind: kind.kind, ...object };
    return { value: value as T, strict };
  } catch (e) {
    if (e instanceof DecodeError)
      throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${e.message}`);
    throw e;
  }
}

/** Unknown and repeated fields, in the order of the text. */
function problems(node: ObjectNode, value: unknown, repeated: ReadonlyMap<object, readonly string[]> | undefined): string[] {
  const out = new Set<string>();
  const add = (what: string, at: string) => {
    if (out.size < MAX_PROBLEMS) out.add(`${what} field ${JSON.stringify(at)}`);
  };
  const walk = (type: TypeNode, v: unknown, at: string): void => {
    if (typeof v !== "object" || v === null || type.is === "scalar") return;
    if (type.is === "list") {
      if (Array.isArray(v)) for (const [i, item] of v.entries()) walk(type.of, item, `${at}[${i}]`);
      return;
    }
    const input = v as Record<string, unknown>;
    const seen = new Set<string>();
    for (const key of repeated?.get(v) ?? Object.keys(input)) {
      const path = at === "" ? key : `${at}.${key}`;
      const field: FieldNode | undefined = type.is === "object" && Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
      if (type.is === "object" && !field) {
        add("unknown", path);
        continue;
      }
      if (seen.has(key)) add("duplicate", path);
      else {
        seen.add(key);
        walk(field ? field.type : (type as { of: TypeNode }).of, input[key], path);
      }
    }
  };
  walk(node, value, "");
  return [...out];
}

/** What an object of this type is before anything is known of it: only the fields that Go always writes. */
export function zeroOf(node: ObjectNode): unknown {
  return compile(node).zero();
}
