/**
 * YAML as Kubernetes reads it (sigs.k8s.io/yaml over YAML 1.1): yes/no/on/off are booleans, 0777 is octal, `12:30` and dates stay
 * strings, keys become strings, repeated keys are reported with their line, aliases are copied within a budget.
 */
import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, type ScalarEvent, YAMLException } from "js-yaml";
import { parseJson, setKey } from "#base/json.ts";
import { limits } from "#base/limits.ts";

/** What is no YAML: `yaml: line 3: …`. */
export class YamlError extends Error {}

export interface YamlDocument {
  readonly value: unknown;
  /** What a strict reader refuses: `line 11: key "foo" already set in map`; the last value counts. */
  readonly problems: readonly string[];
}

/** Reads all documents of a text; throws YamlError. An empty document's value is null. */
export function parseYaml(source: string): YamlDocument[] {
  // JSON that repeats no key says the same as YAML, and is read far faster
  const quick = source.startsWith("{") ? jsonOrNot(source) : undefined;
  if (quick) return [quick];
  let events: Event[];
  try {
    events = parseEvents(source, { maxDepth: limits.documentDepth });
  } catch (e) {
    if (!(e instanceof YAMLException)) throw e;
    throw new YamlError(`yaml: ${e.mark ? `line ${e.mark.line + 1}: ` : ""}${e.reason}`);
  }
  return new Composer(source, events).documents();
}

function jsonOrNot(source: string): YamlDocument | undefined {
  try {
    const { value, repeated } = parseJson(source);
    return repeated ? undefined : { value, problems: [] };
  } catch {
    return undefined;
  }
}

const TRUE = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const FALSE = new Set(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
const NULL = new Set(["", "~", "null", "Null", "NULL"]);
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const SPECIAL = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

function integer(text: string): number | bigint {
  const negative = text[0] === "-";
  let digits = text.replace(/^[-+]/, "");
  if (/^0[oO]?\d/.test(digits)) digits = `0o${digits.replace(/^0[oO]?/, "")}`;
  const value = negative ? -BigInt(digits) : BigInt(digits);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** What a plain scalar means. */
function resolve(text: string): unknown {
  if (NULL.has(text)) return null;
  const c = text.charCodeAt(0);
  const numeric = (c >= 48 && c <= 57) || c === 43 || c === 45 || c === 46;
  if (!numeric) return TRUE.has(text) ? true : FALSE.has(text) ? false : text;
  const plain = text.replaceAll("_", "");
  if (c !== 46 && INTEGER.test(plain)) return integer(plain);
  if (FLOAT.test(c === 46 ? text : plain)) return Number(plain);
  // JSON has no such numbers; upstream fails on them when it writes JSON.
  if (SPECIAL.test(text)) throw new YamlError(`error converting YAML to JSON: json: unsupported value: ${text}`);
  return text;
}

interface Anchored {
  readonly value: unknown;
  readonly size: number;
}
/** Nodes that aliases may add to a document. */
const ALIAS_BUDGET = 400_000;

class Composer {
  private readonly source: string;
  private readonly events: readonly Event[];
  private at = 0;
  private nodes = 0;
  private copied = 0;
  private anchors = new Map<string, Anchored>();
  private problems: string[] = [];
  private lineAt = 0;
  private line = 1;

  constructor(source: string, events: readonly Event[]) {
    this.source = source;
    this.events = events;
  }
  documents(): YamlDocument[] {
    const out: YamlDocument[] = [];
    while (this.at < this.events.length) {
      this.at++;
      this.anchors = new Map();
      this.problems = [];
      const value = this.next()?.type === EVENT_ID.POP ? null : this.node();
      this.at++;
      out.push({ value, problems: this.problems });
    }
    return out;
  }
  private next(): Event | undefined {
    return this.events[this.at];
  }
  /** The line of an offset, counted from 1; offsets are mostly asked for in rising order. */
  private lineOf(offset: number): number {
    if (offset < this.lineAt) [this.lineAt, this.line] = [0, 1];
    for (let i = this.source.indexOf("\n", this.lineAt); i >= 0 && i < offset; i = this.source.indexOf("\n", i + 1)) {
      this.line++;
      this.lineAt = i + 1;
    }
    return this.line;
  }
  private startOf(event: Event | undefined): number {
    if (!event) return this.source.length;
    if (event.type === EVENT_ID.SCALAR) return event.valueStart;
    if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) return event.start;
    return event.type === EVENT_ID.ALIAS ? event.anchorStart : 0;
  }
  private node(): unknown {
    const event = this.next()!;
    const before = this.nodes;
    this.nodes++;
    this.at++;
    if (event.type === EVENT_ID.ALIAS) {
      const name = this.source.slice(event.anchorStart, event.anchorEnd);
      const anchored = this.anchors.get(name);
      if (!anchored) throw new YamlError(`yaml: unknown anchor '${name}' referenced`);
      this.copied += anchored.size;
      this.nodes += anchored.size;
      if (this.copied > ALIAS_BUDGET) throw new YamlError("yaml: document contains excessive aliasing");
      return structuredClone(anchored.value);
    }
    if (event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT) throw new YamlError("yaml: unexpected end of a collection");
    let value: unknown;
    if (event.type === EVENT_ID.SCALAR) value = this.scalar(event);
    else if (event.type === EVENT_ID.SEQUENCE) {
      const items: unknown[] = [];
      while (this.next()?.type !== EVENT_ID.POP) items.push(this.node());
      this.at++;
      value = items;
    } else value = this.mapping();
    if (event.anchorStart >= 0)
      this.anchors.set(this.source.slice(event.anchorStart, event.anchorEnd), { value, size: this.nodes - before });
    return value;
  }
  private mapping(): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    let merged: unknown[] | undefined;
    while (this.next()?.type !== EVENT_ID.POP) {
      const event = this.next()!;
      const keyAt = this.startOf(event);
      const key = this.node();
      const valueEvent = this.next();
      const value = this.node();
      if (key === "<<" && event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN) {
        merged = Array.isArray(value) ? value : [value];
        continue;
      }
      const name = this.keyOf(key);
      if (Object.hasOwn(out, name)) {
        const line = this.lineOf(Math.max(keyAt, this.startOf(valueEvent)));
        this.problems.push(`line ${line}: key ${typeof key === "string" ? JSON.stringify(key) : name} already set in map`);
      }
      setKey(out, name, value);
    }
    this.at++;
    for (const from of merged ?? []) {
      if (typeof from !== "object" || from === null || Array.isArray(from))
        throw new YamlError("yaml: map merge requires map or sequence of maps as the value");
      for (const [k, v] of Object.entries(from)) if (!Object.hasOwn(out, k)) setKey(out, k, v);
    }
    return out;
  }
  private keyOf(key: unknown): string {
    if (typeof key === "object") {
      if (key === null) throw new YamlError("error converting YAML to JSON: unsupported map key of type: <nil>, key: <nil>");
      throw new YamlError("yaml: invalid map key");
    }
    return String(key);
  }
  private scalar(event: ScalarEvent): unknown {
    const text = getScalarValue(this.source, event);
    const tag = event.tagStart >= 0 ? this.source.slice(event.tagStart, event.tagEnd) : "";
    if (tag === "" && event.style === SCALAR_STYLE.PLAIN) return resolve(text);
    if (tag === "" || tag === "!" || tag === "!!str") return text;
    if (tag === "!!binary") {
      try {
        return Array.from(Uint8Array.fromBase64(text.replace(/\s/g, "")), b => String.fromCharCode(b)).join("");
      } catch {
        throw new YamlError(`yaml: !!binary value contains invalid base64 data`);
      }
    }
    const value = ["!!bool", "!!int", "!!float", "!!null"].includes(tag) ? resolve(text) : text;
    const is = value === null ? "!!null" : typeof value === "boolean" ? "!!bool" : typeof value === "string" ? "!!str" : "number";
    if (tag.startsWith("!!") && is !== tag && !(is === "number" && (tag === "!!float" || (tag === "!!int" && INTEGER.test(text)))))
      if (["!!bool", "!!int", "!!float", "!!null"].includes(tag))
        throw new YamlError(`yaml: cannot decode ${is === "number" ? "!!float" : is} \`${text}\` as a ${tag}`);
    return value;
  }
}
