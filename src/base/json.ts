/**
 * Reading and writing JSON as the API needs it: duplicate keys are named, integers beyond 2^53 stay whole (as bigint), nesting is
 * limited, and errors read like Go's encoding/json. The engine's own parser does the work where a scan shows that nothing is lost.
 */
import { text as decodeText } from "#base/bytes.ts";
import { limits } from "#base/limits.ts";

/** What is no JSON; the message is Go's, `offset` counts characters. */
export class JsonError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys given more than once, e.g. `spec.containers[0].name`, in the order of their repetition; the last value counts. */
  readonly duplicates: readonly string[];
  /** For objects with repeated keys: all keys as they stood in the text. */
  readonly repeated: ReadonlyMap<object, readonly string[]> | undefined;
}

const none: readonly string[] = [];

/** Sets a key of a free-form object; safe for `__proto__`, which a plain assignment would not store. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** Reads one JSON document; throws JsonError. */
export function parseJson(input: Uint8Array | string): ParsedJson {
  const source = typeof input === "string" ? input : decodeText(input);
  const keys = scan(source);
  if (keys >= 0) {
    try {
      const value: unknown = JSON.parse(source);
      if (countKeys(value) === keys) return { value, duplicates: none, repeated: undefined };
    } catch {
      // The reader below says what is wrong, in Go's words.
    }
  }
  return new Reader(source).document();
}

const LONG_NUMBER = /\d{16}/;
/** Reads JSON that was written here: no key stands in it twice. */
export function parseOwnJson(source: string): unknown {
  return LONG_NUMBER.test(source) ? parseJson(source).value : JSON.parse(source);
}

/** How many keys the text holds, or -1 when the careful reader must see it: long numbers, deep nesting, malformed text. */
function scan(source: string): number {
  const end = source.length;
  let keys = 0;
  let depth = 0;
  for (let i = 0; i < end; i++) {
    const c = source.charCodeAt(i);
    if (c === 34) {
      for (;;) {
        i = source.indexOf('"', i + 1);
        if (i < 0) return -1;
        let back = i - 1;
        while (source.charCodeAt(back) === 92) back--;
        if (((i - back) & 1) === 1) break;
      }
    } else if (c === 58) keys++;
    else if (c === 123 || c === 91) {
      if (++depth > limits.documentDepth) return -1;
    } else if (c === 125 || c === 93) depth--;
    else if (c >= 48 && c <= 57) {
      const start = i;
      while (i + 1 < end && source.charCodeAt(i + 1) >= 48 && source.charCodeAt(i + 1) <= 57) i++;
      if (i - start >= 15) return -1;
    }
  }
  return keys;
}
function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" && item !== null) count += countKeys(item);
    }
    return count;
  }
  for (const key in value) {
    count++;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === "object" && item !== null) count += countKeys(item);
  }
  return count;
}

const END = "unexpected end of JSON input";
/** A character as Go's errors quote it. */
function quoted(c: string): string {
  if (c === "'") return `'\\''`;
  if (c === '"') return `'"'`;
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}
const escapes: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The careful reader. */
class Reader {
  private readonly source: string;
  private at = 0;
  private depth = 0;
  private readonly path: (string | number)[] = [];
  private readonly duplicates: string[] = [];
  private readonly repeated = new Map<object, readonly string[]>();

  constructor(source: string) {
    this.source = source;
  }
  document(): ParsedJson {
    const value = this.value();
    this.space();
    if (this.at < this.source.length) throw this.unexpected("after top-level value");
    const any = this.duplicates.length > 0;
    return { value, duplicates: any ? this.duplicates : none, repeated: any ? this.repeated : undefined };
  }
  private unexpected(where: string): JsonError {
    const code = this.source.codePointAt(this.at);
    if (code === undefined) return new JsonError(END, this.at);
    return new JsonError(`invalid character ${quoted(String.fromCodePoint(code))} ${where}`, this.at);
  }
  private space(): void {
    for (;;) {
      const c = this.source.charCodeAt(this.at);
      if (c === 32 || c === 10 || c === 13 || c === 9) this.at++;
      else return;
    }
  }
  private value(): unknown {
    this.space();
    switch (this.source[this.at]) {
      case "{":
        return this.object();
      case "[":
        return this.array();
      case '"':
        return this.string();
      case "t":
        return this.literal("true", true);
      case "f":
        return this.literal("false", false);
      case "n":
        return this.literal("null", null);
      default:
        return this.number();
    }
  }
  private literal<T>(word: string, value: T): T {
    for (let i = 1; i < word.length; i++) {
      this.at++;
      if (this.source[this.at] !== word[i]) throw this.unexpected(`in literal ${word} (expecting ${quoted(word[i]!)})`);
    }
    this.at++;
    return value;
  }
  private enter(): void {
    if (++this.depth > limits.documentDepth) throw new JsonError("exceeded max depth", this.at);
    this.at++;
    this.space();
  }
  private object(): Record<string, unknown> {
    this.enter();
    const out: Record<string, unknown> = {};
    const keys: string[] = [];
    let seenTwice = false;
    if (this.source[this.at] === "}") this.at++;
    else {
      for (;;) {
        this.space();
        if (this.source[this.at] !== '"') throw this.unexpected("looking for beginning of object key string");
        const key = this.string();
        this.space();
        if (this.source[this.at] !== ":") throw this.unexpected("after object key");
        this.at++;
        this.path.push(key);
        if (Object.hasOwn(out, key)) {
          seenTwice = true;
          const at = this.where();
          if (!this.duplicates.includes(at)) this.duplicates.push(at);
        }
        keys.push(key);
        setKey(out, key, this.value());
        this.path.pop();
        this.space();
        const c = this.source[this.at];
        if (c === ",") this.at++;
        else if (c === "}") {
          this.at++;
          break;
        } else throw this.unexpected("after object key:value pair");
      }
    }
    if (seenTwice) this.repeated.set(out, keys);
    this.depth--;
    return out;
  }
  private array(): unknown[] {
    this.enter();
    const out: unknown[] = [];
    if (this.source[this.at] === "]") this.at++;
    else {
      for (;;) {
        this.path.push(out.length);
        out.push(this.value());
        this.path.pop();
        this.space();
        const c = this.source[this.at];
        if (c === ",") this.at++;
        else if (c === "]") {
          this.at++;
          break;
        } else throw this.unexpected("after array element");
      }
    }
    this.depth--;
    return out;
  }
  private where(): string {
    let out = "";
    for (const p of this.path) out += typeof p === "number" ? `[${p}]` : out === "" ? p : `.${p}`;
    return out;
  }
  private string(): string {
    const start = ++this.at;
    let out = "";
    let from = start;
    for (;;) {
      const c = this.source.charCodeAt(this.at);
      if (c === 34) {
        out += this.source.slice(from, this.at++);
        return out.isWellFormed() ? out : out.toWellFormed();
      }
      if (c === 92) {
        out += this.source.slice(from, this.at++);
        const e = this.source[this.at];
        if (e === "u") {
          for (let i = 1; i <= 4; i++) {
            this.at++;
            if (!/^[0-9a-fA-F]$/.test(this.source[this.at] ?? "")) throw this.unexpected("in \\u hexadecimal character escape");
          }
          out += String.fromCharCode(Number.parseInt(this.source.slice(this.at - 3, this.at + 1), 16));
        } else {
          const plain = e === undefined || !Object.hasOwn(escapes, e) ? undefined : escapes[e];
          if (plain === undefined) throw this.unexpected("in string escape code");
          out += plain;
        }
        from = ++this.at;
      } else if (!(c >= 32)) throw this.unexpected("in string literal");
      else this.at++;
    }
  }
  private number(): number | bigint {
    const start = this.at;
    if (this.source[this.at] === "-") {
      this.at++;
      if (!this.digit()) throw this.unexpected("in numeric literal");
    } else if (!this.digit()) throw this.unexpected("looking for beginning of value");
    let whole = true;
    if (this.source[this.at] === "0") this.at++;
    else while (this.digit()) this.at++;
    if (this.source[this.at] === ".") {
      whole = false;
      this.at++;
      if (!this.digit()) throw this.unexpected("after decimal point in numeric literal");
      while (this.digit()) this.at++;
    }
    const e = this.source[this.at];
    if (e === "e" || e === "E") {
      whole = false;
      this.at++;
      const sign = this.source[this.at];
      if (sign === "+" || sign === "-") this.at++;
      if (!this.digit()) throw this.unexpected("in exponent of numeric literal");
      while (this.digit()) this.at++;
    }
    const text = this.source.slice(start, this.at);
    const value = Number(text);
    return whole && !Number.isSafeInteger(value) ? BigInt(text) : value;
  }
  private digit(): boolean {
    const c = this.source.charCodeAt(this.at);
    return c >= 48 && c <= 57;
  }
}

// The compiler's library does not know JSON.rawJSON yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
const bare = (_: string, value: unknown): unknown => (typeof value === "bigint" ? rawJSON(String(value)) : value);

/** JSON text of a value; bigints are written as bare numbers. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (e) {
    if (e instanceof TypeError) return JSON.stringify(value, bare);
    throw e;
  }
}
