/**
 * The part of jq that stages need: paths (`.a.b`, `."a"`, `.["a"]`, `.[0]`, `.[]`, `?`), `|`, `,`, `//`, comparisons, `and`, `or`, `not`,
 * `select`, `has`, `length`, `any`, `all`, `tostring`, `tonumber`, literals. What lies outside of it is refused when it is read.
 */

/** What is no query: one sentence. */
export class QueryError extends Error {}
/** All values that a query finds in an object. What jq calls an error ends the search: nothing was found (as kwok takes it). */
export type Query = (object: unknown) => readonly unknown[];

type Filter = (value: unknown) => readonly unknown[];
/** What jq says at run time; it never leaves this file. */
class Trouble extends Error {}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\/\/|==|!=|<=|>=|[.[\]()|,?<>-])|(\S))/y;
const NOTHING: readonly unknown[] = [];

/** Throws QueryError. Nulls are dropped from what is found. */
export function query(source: string): Query {
  const filter = new Reader(source).whole();
  return object => {
    try {
      const found = filter(object);
      return found.some(v => v === null || v === undefined) ? found.filter(v => v !== null && v !== undefined) : found;
    } catch (error) {
      if (error instanceof Trouble) return NOTHING;
      throw error;
    }
  };
}

class Reader {
  readonly #source: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokensOf(source);
  }
  whole(): Filter {
    const filter = this.#pipe();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return filter;
  }
  get #next(): string | undefined {
    return this.#tokens[this.#at];
  }
  #take(token: string): boolean {
    if (this.#next !== token) return false;
    this.#at++;
    return true;
  }
  #expect(token: string): void {
    if (!this.#take(token)) throw this.#unexpected(token);
  }
  #unexpected(wanted?: string): QueryError {
    const found = this.#next === undefined ? "its end" : this.#next;
    const hint = wanted ? ` where ${wanted} is expected` : "";
    return new QueryError(`the query ${this.#source} has ${found}${hint}, which is outside of what is understood here`);
  }
  #pipe(): Filter {
    const left = this.#comma();
    if (!this.#take("|")) return left;
    const right = this.#pipe();
    return value => each(left(value), right);
  }
  #comma(): Filter {
    let left = this.#alternative();
    while (this.#take(",")) {
      const [first, second] = [left, this.#alternative()];
      left = value => [...first(value), ...second(value)];
    }
    return left;
  }
  #alternative(): Filter {
    const left = this.#or();
    if (!this.#take("//")) return left;
    const right = this.#alternative();
    return value => {
      const found = quiet(left)(value).filter(truthy);
      return found.length > 0 ? found : right(value);
    };
  }
  #or(): Filter {
    let left = this.#and();
    while (this.#take("or")) left = joined(left, this.#and(), (a, b) => truthy(a) || b().some(truthy));
    return left;
  }
  #and(): Filter {
    let left = this.#comparison();
    while (this.#take("and")) left = joined(left, this.#comparison(), (a, b) => truthy(a) && b().some(truthy));
    return left;
  }
  #comparison(): Filter {
    const left = this.#term();
    const compare = COMPARISONS[this.#next ?? ""];
    if (!compare) return left;
    this.#at++;
    const right = this.#term();
    return value => right(value).flatMap(b => left(value).map(a => compare(a, b)));
  }
  #term(): Filter {
    let filter = this.#head();
    for (;;) {
      if (this.#take("?")) filter = quiet(filter);
      else if (this.#next === "[") filter = chained(filter, this.#bracket());
      else if (this.#take(".")) filter = chained(filter, this.#step());
      else return filter;
    }
  }
  #head(): Filter {
    const token = this.#next;
    if (token === undefined) throw this.#unexpected();
    this.#at++;
    if (token === ".") {
      const after = this.#next ?? "";
      if (after === "[") return this.#bracket();
      return /^[A-Za-z_"]/.test(after) ? this.#step() : value => [value];
    }
    if (token === "(") {
      const inner = this.#pipe();
      this.#expect(")");
      return inner;
    }
    if (token === "-" && /^\d/.test(this.#next ?? "")) return constant(-Number(this.#tokens[this.#at++]));
    if (token[0] === '"') return constant(JSON.parse(token));
    if (/^\d/.test(token)) return constant(Number(token));
    if (token === "null") return constant(null);
    if (token === "true" || token === "false") return constant(token === "true");
    const plain = FUNCTIONS[token];
    if (plain && this.#next !== "(") return value => [plain(value)];
    const made = WITH_ARGUMENT[token];
    if (made && this.#take("(")) {
      const inner = this.#pipe();
      this.#expect(")");
      return made(inner);
    }
    this.#at--;
    throw this.#unexpected();
  }
  /** After a dot: a name, a quoted name, or a bracket. */
  #step(): Filter {
    const token = this.#next ?? "";
    if (token === "[") return this.#bracket();
    if (!/^[A-Za-z_"]/.test(token)) throw this.#unexpected();
    this.#at++;
    return field(token[0] === '"' ? JSON.parse(token) : token);
  }
  #bracket(): Filter {
    this.#expect("[");
    if (this.#take("]")) return values;
    const negative = this.#take("-");
    const token = this.#next ?? "";
    const isName = token[0] === '"' && !negative;
    if (!isName && !/^\d+$/.test(token)) throw this.#unexpected();
    this.#at++;
    this.#expect("]");
    if (isName) return field(JSON.parse(token));
    const index = negative ? -Number(token) : Number(token);
    return value => {
      if (value === null || value === undefined) return [null];
      if (!Array.isArray(value)) throw new Trouble();
      return [value.at(index)];
    };
  }
}

function tokensOf(source: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.trimEnd().length) {
    const match = TOKEN.exec(source);
    const unknown = match?.[5];
    if (!match || unknown !== undefined)
      throw new QueryError(`the query ${source} has ${unknown ?? "something"} that is not understood here`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

const constant =
  (value: unknown): Filter =>
  () => [value];
const chained =
  (first: Filter, second: Filter): Filter =>
  value =>
    each(first(value), second);
function each(found: readonly unknown[], filter: Filter): readonly unknown[] {
  return found.length === 1 ? filter(found[0]) : found.flatMap(filter);
}
function field(name: string): Filter {
  return value => {
    if (value === null || value === undefined) return [null];
    if (typeof value !== "object" || Array.isArray(value)) throw new Trouble();
    return [Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null];
  };
}
const values: Filter = value => {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) throw new Trouble();
  return Object.values(value);
};
function quiet(filter: Filter): Filter {
  return value => {
    try {
      return filter(value);
    } catch (error) {
      if (error instanceof Trouble) return NOTHING;
      throw error;
    }
  };
}
function joined(left: Filter, right: Filter, join: (a: unknown, b: () => readonly unknown[]) => boolean): Filter {
  return value => left(value).map(a => join(a, () => right(value)));
}
const truthy = (value: unknown) => value !== null && value !== undefined && value !== false;
const text = (value: unknown) => JSON.stringify(value ?? null);

/** jq's order: null, booleans, numbers, strings, arrays, objects. */
function rank(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "boolean") return value ? 2 : 1;
  return typeof value === "number" ? 3 : typeof value === "string" ? 4 : Array.isArray(value) ? 5 : 6;
}
function order(a: unknown, b: unknown): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === "number") return a - (b as number);
  const [left, right] = typeof a === "string" ? [a, b as string] : [text(a), text(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "==": (a, b) => order(a, b) === 0,
  "!=": (a, b) => order(a, b) !== 0,
  "<": (a, b) => order(a, b) < 0,
  "<=": (a, b) => order(a, b) <= 0,
  ">": (a, b) => order(a, b) > 0,
  ">=": (a, b) => order(a, b) >= 0,
};
function length(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "string") return [...value].length;
  if (typeof value === "number") return Math.abs(value);
  if (typeof value !== "object") throw new Trouble();
  return Object.keys(value).length;
}
function number(value: unknown): number {
  const made = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof made !== "number" || Number.isNaN(made)) throw new Trouble();
  return made;
}
const items = (value: unknown) => values(value) as unknown[];
const FUNCTIONS: Readonly<Record<string, (value: unknown) => unknown>> = {
  not: value => !truthy(value),
  length,
  any: value => items(value).some(truthy),
  all: value => items(value).every(truthy),
  tostring: value => (typeof value === "string" ? value : text(value)),
  tonumber: number,
};
const WITH_ARGUMENT: Readonly<Record<string, (inner: Filter) => Filter>> = {
  select: inner => value => inner(value).flatMap(found => (truthy(found) ? [value] : [])),
  any: inner => value => [items(value).some(v => inner(v).some(truthy))],
  all: inner => value => [items(value).every(v => inner(v).every(truthy))],
  has: inner => value =>
    inner(value).map(name => {
      if (Array.isArray(value) && typeof name === "number") return name >= 0 && name < value.length;
      if (typeof value !== "object" || value === null || typeof name !== "string") throw new Trouble();
      return Object.hasOwn(value, name);
    }),
};
