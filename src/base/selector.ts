/** Label selectors: their text and object forms, and what they match (k8s.io/apimachinery/pkg/labels). */
import { labelValueProblems, qualifiedNameProblems } from "#base/names.ts";

export type Labels = Readonly<Record<string, string>>;
export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** A selector that cannot be read; the message is upstream's. */
export class SelectorError extends Error {}

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** A conjunction of requirements on labels; `nothing` matches no object. */
export class Selector {
  readonly requirements: readonly Requirement[];
  readonly nothing: boolean;
  constructor(requirements: readonly Requirement[], nothing = false) {
    this.requirements = requirements;
    this.nothing = nothing;
  }
  get empty(): boolean {
    return this.requirements.length === 0 && !this.nothing;
  }
  matches(labels: Labels | undefined | null): boolean {
    if (this.nothing) return false;
    for (const r of this.requirements) if (!meets(r, labels ?? none)) return false;
    return true;
  }
  /** The one value that `key` must have, when the selector asks for exactly one. */
  exact(key: string): string | undefined {
    const r = this.requirements.find(r => r.key === key);
    return r && (r.operator === "=" || r.operator === "==" || r.operator === "in") && r.values.length === 1 ? r.values[0] : undefined;
  }
  toString(): string {
    return this.requirements.map(requirementText).join(",");
  }
}
const none: Labels = {};
export const everything: Selector = new Selector([]);
export const nothing: Selector = new Selector([], true);

const INTEGER = /^[+-]?\d+$/;
function meets(r: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, r.key) ? labels[r.key] : undefined;
  switch (r.operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && r.values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !r.values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    default: {
      const bound = r.values[0];
      if (value === undefined || bound === undefined || !INTEGER.test(value) || !INTEGER.test(bound)) return false;
      return r.operator === "gt" ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
  }
}
const signs: Partial<Record<SelectorOperator, string>> = {
  "=": "=",
  "==": "==",
  "!=": "!=",
  in: " in ",
  notin: " notin ",
  gt: ">",
  lt: "<",
};
function requirementText(r: Requirement): string {
  if (r.operator === "exists") return r.key;
  if (r.operator === "!") return `!${r.key}`;
  const values = r.values.toSorted().join(",");
  return r.key + signs[r.operator] + (r.operator === "in" || r.operator === "notin" ? `(${values})` : values);
}
const byKey = (a: Requirement, b: Requirement) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

const invalid = (field: string, value: unknown, detail: string) => `${field}: Invalid value: ${JSON.stringify(value)}: ${detail}`;

/** Checks a requirement and builds it; throws SelectorError with upstream's field errors. */
export function requirement(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const problems: string[] = [];
  const key_ = qualifiedNameProblems(key);
  if (key_.length > 0) problems.push(invalid("key", key, key_.join("; ")));
  if ((operator === "in" || operator === "notin") && values.length === 0)
    problems.push(invalid("values", values, "for 'in', 'notin' operators, values set can't be empty"));
  if ((operator === "=" || operator === "==" || operator === "!=") && values.length !== 1)
    problems.push(invalid("values", values, "exact-match compatibility requires one single value"));
  if ((operator === "exists" || operator === "!") && values.length !== 0)
    problems.push(invalid("values", values, "values set must be empty for exists and does not exist"));
  if (operator === "gt" || operator === "lt") {
    if (values.length !== 1) problems.push(invalid("values", values, "for 'Gt', 'Lt' operators, exactly one value is required"));
    values.forEach((v, i) => {
      if (!INTEGER.test(v)) problems.push(invalid(`values[${i}]`, v, "for 'Gt', 'Lt' operators, the value must be an integer"));
    });
  }
  values.forEach((v, i) => {
    const wrong = labelValueProblems(v);
    if (wrong.length > 0) problems.push(invalid(`values[${i}][${key}]`, v, wrong.join("; ")));
  });
  if (problems.length > 0) throw new SelectorError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
  return { key, operator, values };
}

type TokenKind = "end" | "id" | "error" | ")" | "(" | "," | "!" | "==" | "=" | ">" | "<" | "!=" | "in" | "notin";
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}
const keywords: readonly string[] = [")", "(", ",", "!", "==", "=", ">", "<", "!=", "in", "notin"];

function tokens(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  const special = (c: string) => "=!(),><".includes(c);
  const space = (c: string) => c === " " || c === "\t" || c === "\r" || c === "\n";
  for (;;) {
    while (at < text.length && space(text[at]!)) at++;
    if (at >= text.length) break;
    const start = at;
    if (special(text[at]!)) {
      // The longest run of symbols that is a token; one that only begins a token reads on.
      let best = "";
      while (at < text.length && special(text[at]!)) {
        const run = text.slice(start, at + 1);
        if (keywords.includes(run)) best = run;
        else if (best !== "") break;
        at++;
      }
      if (best === "") out.push({ kind: "error", text: `error expected: keyword found '${text.slice(start, at)}'` });
      else out.push({ kind: best as TokenKind, text: best });
    } else {
      while (at < text.length && !special(text[at]!) && !space(text[at]!)) at++;
      const word = text.slice(start, at);
      out.push({ kind: word === "in" || word === "notin" ? word : "id", text: word });
    }
  }
  out.push({ kind: "end", text: "" });
  return out;
}

class Parser {
  private readonly items: Token[];
  private position = 0;
  constructor(text: string) {
    this.items = tokens(text);
  }
  /** Where a value is expected, `in` and `notin` are words like any other. */
  private peek(): Token {
    const t = this.items[Math.min(this.position, this.items.length - 1)]!;
    return t.kind === "in" || t.kind === "notin" ? { kind: "id", text: t.text } : t;
  }
  private take(): Token {
    const t = this.peek();
    this.position++;
    return t;
  }
  parse(): Requirement[] {
    const out: Requirement[] = [];
    for (;;) {
      const t = this.peek();
      if (t.kind === "end") return out;
      if (t.kind !== "id" && t.kind !== "!") throw new SelectorError(`found '${t.text}', expected: !, identifier, or 'end of string'`);
      try {
        out.push(this.requirement());
      } catch (e) {
        throw new SelectorError(`unable to parse requirement: ${(e as Error).message}`);
      }
      const after = this.take();
      if (after.kind === "end") return out;
      if (after.kind !== ",") throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.peek();
      if (next.kind !== "id" && next.kind !== "!") throw new SelectorError(`found '${next.text}', expected: identifier after ','`);
    }
  }
  private requirement(): Requirement {
    let t = this.take();
    const negated = t.kind === "!";
    if (negated) t = this.take();
    if (t.kind !== "id") throw new SelectorError(`found '${t.text}', expected: identifier`);
    const wrong = qualifiedNameProblems(t.text);
    if (wrong.length > 0) throw new SelectorError(invalid("<nil>", t.text, wrong.join("; ")));
    const next = this.peek();
    if (negated) return requirement(t.text, "!", []);
    if (next.kind === "end" || next.kind === ",") return requirement(t.text, "exists", []);
    const operator = this.operator();
    const values = operator === "in" || operator === "notin" ? this.values() : [this.exactValue()];
    return requirement(t.text, operator, [...new Set(values)].sort());
  }
  private operator(): SelectorOperator {
    const t = this.items[Math.min(this.position++, this.items.length - 1)]!;
    switch (t.kind) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
        return t.kind;
      case ">":
        return "gt";
      case "<":
        return "lt";
      default:
        throw new SelectorError(`found '${t.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }
  private values(): string[] {
    const open = this.take();
    if (open.kind !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === ")") {
      this.take();
      return [""];
    }
    if (first.kind !== "id" && first.kind !== ",") throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    const out: string[] = [];
    for (;;) {
      const t = this.take();
      if (t.kind === "id") {
        out.push(t.text);
        const next = this.peek();
        if (next.kind === ")") break;
        if (next.kind !== ",") throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (t.kind === ",") {
        if (out.length === 0) out.push("");
        const next = this.peek();
        if (next.kind === ")") {
          out.push("");
          break;
        }
        if (next.kind === ",") out.push("");
      } else throw new SelectorError(`found '${t.text}', expected: ',', or identifier`);
    }
    this.take();
    return out;
  }
  private exactValue(): string {
    const next = this.peek();
    if (next.kind === "end" || next.kind === ",") return "";
    const t = this.take();
    if (t.kind === "id") return t.text;
    throw new SelectorError(`found '${t.text}', expected: identifier`);
  }
}

/** Reads a selector's text, e.g. `app=web,tier in (a,b),!canary`; throws SelectorError. */
export function parseSelector(text: string): Selector {
  const requirements = new Parser(text).parse();
  return requirements.length === 0 ? everything : new Selector(requirements.sort(byKey));
}

/** metav1.LabelSelector, as far as matching goes. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels | null;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | null }[]
    | null;
}
const objectOperators: Readonly<Record<string, SelectorOperator>> = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" };

/** The selector of a LabelSelector object: undefined matches nothing, an empty one everything; throws SelectorError. */
export function selectorOf(object: LabelSelectorObject | undefined | null): Selector {
  if (!object) return nothing;
  const out: Requirement[] = [];
  for (const [key, value] of Object.entries(object.matchLabels ?? {})) out.push(requirement(key, "=", [value]));
  for (const e of object.matchExpressions ?? []) {
    const operator = Object.hasOwn(objectOperators, e.operator) ? objectOperators[e.operator] : undefined;
    if (!operator) throw new SelectorError(`${JSON.stringify(e.operator)} is not a valid label selector operator`);
    out.push(requirement(e.key, operator, e.values ?? []));
  }
  return out.length === 0 ? everything : new Selector(out.sort(byKey));
}
