/**
 * Go's text/template, as far as stages need it: fields, variables, pipelines, literals, comments, trimming, if, range, with, break,
 * continue. A template is read once into closures. What lies outside (define, template, block) is refused when it is read.
 */
import { brief, type Functions, isTrue, TemplateError, toText } from "#stages/values.ts";

/** Throws TemplateError when the template fails on this object. `functions` has at least those that the template was read with. */
export type Template = (dot: unknown, functions: Functions) => string;

interface Run {
  readonly out: string[];
  readonly vars: unknown[];
  readonly functions: Functions;
  dot: unknown;
}
type Expression = (run: Run) => unknown;
/** What a node leaves by: a break or continue of the innermost range. */
type Leave = "break" | "continue" | undefined;
type Node = (run: Run) => Leave;

/** Throws TemplateError: one sentence that names the line. `known`: the names of functions. */
export function template(source: string, known: (name: string) => boolean): Template {
  const reader = new Reader(source, known);
  const body = reader.whole();
  return (dot, functions) => {
    const run: Run = { out: [], vars: [dot], functions, dot };
    body(run);
    return run.out.join("");
  };
}

interface Token {
  readonly kind: "text" | "open" | "close" | "space" | "field" | "variable" | "name" | "literal" | "mark";
  readonly text: string;
  readonly value?: unknown;
  readonly line: number;
}
const ACTION =
  /(\s+)|(\.[A-Za-z_]\w*)|(\$\w*)|([A-Za-z_]\w*)|("(?:[^"\\\n]|\\.)*")|(`[^`]*`)|('(?:[^'\\]|\\.)+')|([-+]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))|(:=|[=|().,])/y;
const KINDS = ["space", "field", "variable", "name", "literal", "literal", "literal", "literal", "mark"] as const;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  const add = (kind: Token["kind"], text: string, value?: unknown) => {
    tokens.push({ kind, text, value, line });
    line += text.split("\n").length - 1;
  };
  let trim = false;
  for (let at = 0; at < source.length; ) {
    const open = source.indexOf("{{", at);
    const end = open < 0 ? source.length : open;
    let text = source.slice(at, end);
    const trimsLeft = open >= 0 && /^-\s/.test(source.slice(open + 2, open + 4));
    const lines = text;
    if (trim) text = text.trimStart();
    if (trimsLeft) text = text.trimEnd();
    if (text) tokens.push({ kind: "text", text, line });
    line += lines.split("\n").length - 1;
    if (open < 0) break;
    at = open + 2 + (trimsLeft ? 2 : 0);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-)?\}\}/.exec(source.slice(at));
    if (comment) {
      line += comment[0].split("\n").length - 1;
      at += comment[0].length;
      trim = comment[1] !== undefined;
      continue;
    }
    add("open", "");
    for (;;) {
      const close = /^(\s-)?\}\}/.exec(source.slice(at, at + 4));
      if (close) {
        at += close[0].length;
        trim = close[1] !== undefined;
        break;
      }
      ACTION.lastIndex = at;
      const match = ACTION.exec(source);
      if (!match) throw new TemplateError(`line ${line}: ${at >= source.length ? "an action has no end" : `unexpected ${source[at]}`}`);
      const kind = KINDS[match.slice(1).findIndex(g => g !== undefined)]!;
      add(kind, match[0], kind === "literal" ? literal(match[0], line) : undefined);
      at += match[0].length;
    }
    add("close", "");
  }
  return tokens;
}
function literal(text: string, line: number): unknown {
  if (text[0] === "`") return text.slice(1, -1);
  if (text[0] === "'") return [...text.slice(1, -1)][0]?.codePointAt(0);
  if (text[0] !== '"') return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new TemplateError(`line ${line}: the text ${text} has an escape that is not understood here`);
  }
}

/** Where the names of variables stand; a control structure forgets what was declared in it. */
type Scope = Map<string, number>;

class Reader {
  readonly #tokens: readonly Token[];
  readonly #known: (name: string) => boolean;
  #at = 0;
  #scopes: Scope[] = [new Map([["$", 0]])];
  #slots = 1;
  #ranges = 0;

  constructor(source: string, known: (name: string) => boolean) {
    this.#tokens = tokensOf(source.trim());
    this.#known = known;
  }
  whole(): Node {
    const { body, end } = this.#body(["EOF"]);
    if (end !== "EOF") throw this.#fail("unexpected {{end}}");
    return body;
  }
  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }
  #fail(says: string): TemplateError {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    return new TemplateError(`line ${token?.line ?? 1}: ${says}`);
  }
  #space(): boolean {
    if (this.#next?.kind !== "space") return false;
    this.#at++;
    return true;
  }
  #take(kind: Token["kind"], text?: string): Token | undefined {
    const token = this.#next;
    if (token?.kind !== kind || (text !== undefined && token.text !== text)) return undefined;
    this.#at++;
    return token;
  }
  #close(): void {
    this.#space();
    if (!this.#take("close")) throw this.#fail(`unexpected ${this.#next?.text ?? "end"} in an action`);
  }
  /** Nodes up to one of these words, which is taken. */
  #body(ends: readonly string[]): { readonly body: Node; readonly end: string } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next;
      if (!token) {
        if (!ends.includes("EOF")) throw this.#fail("an {{end}} is missing");
        return { body: sequence(nodes), end: "EOF" };
      }
      this.#at++;
      if (token.kind === "text") {
        const { text } = token;
        nodes.push(run => void run.out.push(text));
        continue;
      }
      this.#space();
      const word = this.#next?.kind === "name" ? this.#next.text : "";
      if (word === "end" || word === "else") {
        if (!ends.includes(word)) throw this.#fail(`unexpected {{${word}}}`);
        this.#at++;
        if (word === "end") this.#close();
        return { body: sequence(nodes), end: word };
      }
      nodes.push(this.#action(word));
    }
  }
  #action(word: string): Node {
    switch (word) {
      case "if":
      case "with":
        this.#at++;
        return this.#scoped(() => this.#choice(word));
      case "range":
        this.#at++;
        return this.#scoped(() => this.#range());
      case "break":
      case "continue":
        if (this.#ranges === 0) throw this.#fail(`{{${word}}} outside of {{range}}`);
        this.#at++;
        this.#close();
        return () => word;
      case "define":
      case "template":
      case "block":
        throw this.#fail(`{{${word}}} is not understood here`);
    }
    const { value, declares } = this.#pipeline(true);
    this.#close();
    return declares
      ? run => void value(run)
      : run => {
          run.out.push(toText(value(run)));
          return undefined;
        };
  }
  #scoped<T>(read: () => T): T {
    this.#scopes.push(new Map());
    const made = read();
    this.#scopes.pop();
    return made;
  }
  /** After `if` or `with`, and after `else if` and `else with`. */
  #choice(word: "if" | "with"): Node {
    const { value } = this.#pipeline(true);
    this.#close();
    const { body, end } = this.#scoped(() => this.#body(["else", "end"]));
    const otherwise = end === "else" ? this.#otherwise() : undefined;
    return run => {
      const found = value(run);
      if (!isTrue(found)) return otherwise?.(run);
      if (word === "if") return body(run);
      return withDot(run, found, body);
    };
  }
  #otherwise(): Node {
    this.#space();
    for (const word of ["if", "with"] as const) if (this.#take("name", word)) return this.#scoped(() => this.#choice(word));
    this.#close();
    return this.#scoped(() => this.#body(["end"]).body);
  }
  #range(): Node {
    const [first, second] = this.#rangeVariables();
    const { value } = this.#pipeline(false);
    this.#close();
    const slots = [first, second].flatMap(name => (name === undefined ? [] : [this.#declare(name)]));
    this.#ranges++;
    const { body, end } = this.#scoped(() => this.#body(["else", "end"]));
    this.#ranges--;
    const otherwise = end === "else" ? this.#otherwise() : undefined;
    return run => {
      const entries = entriesOf(value(run));
      if (entries.length === 0) return otherwise?.(run);
      for (const [index, item] of entries) {
        // with one variable it is the item's, with two the index comes first
        if (slots.length === 1) run.vars[slots[0]!] = item;
        else if (slots.length === 2) [run.vars[slots[0]!], run.vars[slots[1]!]] = [index, item];
        if (withDot(run, item, body) === "break") break;
      }
      return undefined;
    };
  }
  /** `$i, $item :=` before a range's pipeline, if it is there. */
  #rangeVariables(): readonly (string | undefined)[] {
    const back = this.#at;
    this.#space();
    const first = this.#take("variable")?.text;
    if (first !== undefined) {
      this.#space();
      let second: string | undefined;
      if (this.#take("mark", ",")) {
        this.#space();
        second = this.#take("variable")?.text;
        this.#space();
      }
      if (this.#take("mark", ":=")) return [first, second];
    }
    this.#at = back;
    return [];
  }
  #declare(name: string): number {
    const slot = this.#slots++;
    this.#scopes.at(-1)!.set(name, slot);
    return slot;
  }
  #slotOf(name: string): number {
    for (const scope of this.#scopes.toReversed()) {
      const slot = scope.get(name);
      if (slot !== undefined) return slot;
    }
    throw this.#fail(`undefined variable "${name}"`);
  }
  #pipeline(mayDeclare: boolean): { readonly value: Expression; readonly declares: boolean } {
    this.#space();
    const back = this.#at;
    const name = this.#take("variable")?.text;
    this.#space();
    const mark = name !== undefined && (this.#take("mark", ":=") ?? this.#take("mark", "="));
    if (!mark || name === undefined) {
      this.#at = back;
      return { value: this.#commands(), declares: false };
    }
    if (!mayDeclare) throw this.#fail(`${mark.text} is not expected here`);
    const value = this.#commands();
    const slot = mark.text === ":=" ? this.#declare(name) : this.#slotOf(name);
    return {
      value: run => {
        run.vars[slot] = value(run);
        return run.vars[slot];
      },
      declares: true,
    };
  }
  #commands(): Expression {
    let value = this.#command(undefined);
    for (;;) {
      this.#space();
      if (!this.#take("mark", "|")) return value;
      value = this.#command(value);
    }
  }
  /** A function with its arguments, or one operand. `piped` becomes a function's last argument. */
  #command(piped: Expression | undefined): Expression {
    this.#space();
    const name = this.#next?.kind === "name" && !CONSTANTS.has(this.#next.text) ? this.#next.text : undefined;
    if (name === undefined) {
      if (piped) throw this.#fail(`a pipeline goes on with a function, not with ${this.#next?.text || "nothing"}`);
      const value = this.#operand();
      this.#space();
      if (this.#startsOperand()) throw this.#fail(`unexpected ${this.#next?.text}: only functions take arguments`);
      return value;
    }
    this.#at++;
    const call = this.#function(name);
    const args: Expression[] = [];
    while (this.#space() && this.#startsOperand()) args.push(this.#operand());
    if (piped) args.push(piped);
    return call(args);
  }
  #function(name: string): (args: readonly Expression[]) => Expression {
    const { line } = this.#tokens[this.#at - 1]!;
    if (name === "and" || name === "or") {
      // they stop at the first argument that decides
      return args => run => {
        let value: unknown;
        for (const arg of args) {
          value = arg(run);
          if (isTrue(value) === (name === "or")) break;
        }
        return value;
      };
    }
    if (!this.#known(name)) throw new TemplateError(`line ${line}: the function ${name} is not known here`);
    return args => run => {
      try {
        return run.functions[name]!(...args.map(arg => arg(run)));
      } catch (error) {
        if (!(error instanceof TemplateError) || error.message.startsWith("line ")) throw error;
        throw new TemplateError(`line ${line}: ${name}: ${error.message}`);
      }
    };
  }
  #startsOperand(): boolean {
    const token = this.#next;
    if (!token) return false;
    return token.kind === "mark" ? token.text === "(" || token.text === "." : !["close", "space"].includes(token.kind);
  }
  #operand(): Expression {
    const token = this.#next;
    if (!token || !this.#startsOperand()) throw this.#fail(`a value is missing before ${token?.text || "the end of the action"}`);
    this.#at++;
    let value: Expression;
    if (token.kind === "literal") {
      const constant = token.value;
      value = () => constant;
    } else if (token.kind === "variable") {
      const slot = this.#slotOf(token.text);
      value = run => run.vars[slot];
    } else if (token.kind === "field") value = this.#field(run => run.dot, token);
    else if (token.text === ".") value = run => run.dot;
    else if (token.text === "(") {
      value = this.#commands();
      this.#space();
      if (!this.#take("mark", ")")) throw this.#fail("a ) is missing");
    } else if (CONSTANTS.has(token.text)) {
      const constant = CONSTANTS.get(token.text);
      value = () => constant;
    } else if (token.kind === "name") value = this.#function(token.text)([]);
    else throw this.#fail(`unexpected ${token.text}`);
    for (let field = this.#take("field"); field; field = this.#take("field")) value = this.#field(value, field);
    return value;
  }
  #field(of: Expression, { text, line }: Token): Expression {
    const name = text.slice(1);
    return run => {
      const value = of(run);
      // what is missing has only missing fields
      if (value === undefined || value === null) return undefined;
      if (typeof value !== "object" || Array.isArray(value)) throw new TemplateError(`line ${line}: ${brief(value)} has no field ${name}`);
      return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    };
  }
}

const CONSTANTS: ReadonlyMap<string, unknown> = new Map([
  ["true", true],
  ["false", false],
  ["nil", null],
]);
function sequence(nodes: readonly Node[]): Node {
  return run => {
    for (const node of nodes) {
      const leave = node(run);
      if (leave) return leave;
    }
    return undefined;
  };
}
function withDot(run: Run, dot: unknown, body: Node): Leave {
  const before = run.dot;
  run.dot = dot;
  const leave = body(run);
  run.dot = before;
  return leave;
}
/** What a range goes through: a list, a map by its sorted keys, or the numbers below one. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value === "number") return Array.from({ length: value }, (_, i) => [i, i] as const);
  if (typeof value === "object") return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`range cannot go through ${brief(value)}`);
}
