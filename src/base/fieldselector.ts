/** Field selectors: `status.phase!=Running,metadata.name=x` (k8s.io/apimachinery/pkg/fields). */
import { SelectorError } from "#base/selector.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }
  get empty(): boolean {
    return this.requirements.length === 0;
  }
  /** `get` gives the object's value of a field; an absent one is "". */
  matches(get: (field: string) => string): boolean {
    for (const r of this.requirements) if ((get(r.field) === r.value) !== r.equal) return false;
    return true;
  }
  /** The one value that `field` must have, when the selector asks for it. */
  exact(field: string): string | undefined {
    return this.requirements.find(r => r.equal && r.field === field)?.value;
  }
  /** Checks and renames each requirement; `change` may throw SelectorError for fields it does not know, or drop one by undefined. */
  transform(change: (requirement: FieldRequirement) => FieldRequirement | undefined): FieldSelector {
    return new FieldSelector(this.requirements.map(change).filter(r => r !== undefined));
  }
  toString(): string {
    return this.requirements.map(r => `${r.field}${r.equal ? "=" : "!="}${r.value.replace(/[\\,=]/g, "\\$&")}`).join(",");
  }
}

function terms(text: string): string[] {
  const out: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  out.push(text.slice(start));
  return out;
}
function unescapeValue(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\") {
      const next = text[++i];
      if (next !== "\\" && next !== "," && next !== "=")
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ""}`);
      out += next;
    } else if (c === "," || c === "=") throw new SelectorError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    else out += c;
  }
  return out;
}

/** Reads a field selector's text; throws SelectorError with upstream's sentence. */
export function parseFieldSelector(text: string): FieldSelector {
  const out: FieldRequirement[] = [];
  for (const term of terms(text).sort()) {
    if (term === "") continue;
    const match = /!=|==|=/.exec(term);
    if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    out.push({
      field: term.slice(0, match.index),
      equal: match[0] !== "!=",
      value: unescapeValue(term.slice(match.index + match[0].length)),
    });
  }
  return new FieldSelector(out);
}
