/** Values as they come out of JSON, without the text: for many to share. */
import { setKey } from "#base/json.ts";

/** What JSON.parse(JSON.stringify(value)) gives, but that bigints stay; frozen throughout. What is frozen already is shared: it came from here. */
export function frozenPlain<T>(value: T): T {
  return copyOf(value) as T;
}

function copyOf(value: unknown): unknown {
  switch (typeof value) {
    case "object":
      return value === null ? null : objectOf(value);
    case "number":
      // JSON knows neither infinities nor a negative zero
      return Number.isFinite(value) ? value + 0 : null;
    case "undefined":
    case "function":
    case "symbol":
      return undefined;
    default:
      return value;
  }
}
function objectOf(value: object): unknown {
  if (Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    const out: unknown[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) out[i] = copyOf(value[i]) ?? null;
    return Object.freeze(out);
  }
  if ("toJSON" in value && typeof value.toJSON === "function") return copyOf(value.toJSON());
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = copyOf((value as Record<string, unknown>)[key]);
    if (inner !== undefined) setKey(out, key, inner);
  }
  return Object.freeze(out);
}

/** The same, of a value that is given away: it is not copied. */
export function freezePlain<T>(value: T): T {
  return given(value) as T;
}
function given(value: unknown): unknown {
  if (typeof value !== "object") return copyOf(value);
  if (value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item !== "string") value[i] = given(item) ?? null;
    }
    return Object.freeze(value);
  }
  if ("toJSON" in value) return objectOf(value);
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const was = object[key];
    if (typeof was === "string") continue;
    const is = given(was);
    if (is === undefined) delete object[key];
    else if (is !== was) object[key] = is;
  }
  return Object.freeze(object);
}

/** A copy of a tree of JSON, the caller's own. */
export function copyPlain<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setKey(out, key, copyPlain((value as Record<string, unknown>)[key]));
  return out as T;
}

/** Freezes a tree of JSON. What is frozen at its root counts as frozen throughout. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) freeze(value[i]);
  else for (const key in value) freeze(value[key]);
  return value;
}

/**
 * The value with copies in place of its arrays that are frozen, and of what holds them: the engine writes the JSON of these in a fourth of
 * the time.
 */
export function thawedArrays<T>(value: T): T {
  return thawed(value) as T;
}
function thawed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let out: unknown[] | undefined = Object.isFrozen(value) ? value.slice() : undefined;
    for (let i = 0; i < value.length; i++) {
      const [is, was] = [thawed(value[i]), value[i]];
      if (is === was) continue;
      out ??= value.slice();
      out[i] = is;
    }
    return out ?? value;
  }
  const object = value as Record<string, unknown>;
  let out: Record<string, unknown> | undefined;
  for (const key in object) {
    const was = object[key];
    if (typeof was !== "object") continue;
    const is = thawed(was);
    if (is === was) continue;
    out ??= { ...object };
    setKey(out, key, is);
  }
  return out ?? value;
}
