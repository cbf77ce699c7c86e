/** Field errors with upstream's sentences (apimachinery's validation/field), gathered into one Invalid status. */
import { failure, type StatusError } from "#base/status.ts";

export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "InternalError"
  | "FieldValueTypeInvalid";

export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  /** The sentence without the field: `Invalid value: "x": must be …`. */
  readonly body: string;
}

/** How Go prints a value within a field error: strings quoted, numbers and bools bare, nil as null, structs as JSON. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  return JSON.stringify(value);
}

/** A place in an object: `spec.containers[0].env[name]`. Its text is made for who asks: most places turn out to be right. */
export class Path {
  private readonly parent: Path | undefined;
  private readonly step: string | number;
  private readonly inBrackets: boolean;
  constructor(parent?: Path, step: string | number = "", inBrackets = false) {
    this.parent = parent;
    this.step = step;
    this.inBrackets = inBrackets;
  }
  child(...names: readonly string[]): Path {
    let at: Path = this;
    for (let i = 0; i < names.length; i++) at = new Path(at, names[i]);
    return at;
  }
  index(i: number): Path {
    return new Path(this, i, true);
  }
  key(k: string): Path {
    return new Path(this, k, true);
  }
  toString(): string {
    const above = this.parent?.toString() ?? "";
    if (this.inBrackets) return `${above}[${this.step}]`;
    return above ? `${above}.${this.step}` : String(this.step);
  }
}
export const root: Path = new Path();

/** Collects the field errors of one object. */
export class Report {
  readonly errors: FieldError[] = [];
  private add(type: FieldErrorType, at: Path, body: string): void {
    this.errors.push({ type, field: at.toString(), body });
  }
  get ok(): boolean {
    return this.errors.length === 0;
  }
  required(at: Path, detail = ""): void {
    this.add("FieldValueRequired", at, detail ? `Required value: ${detail}` : "Required value");
  }
  invalid(at: Path, value: unknown, detail: string): void {
    this.add("FieldValueInvalid", at, `Invalid value: ${shown(value)}: ${detail}`);
  }
  notSupported(at: Path, value: unknown, supported: readonly string[]): void {
    const list = [...supported].map(v => JSON.stringify(v)).join(", ");
    this.add("FieldValueNotSupported", at, `Unsupported value: ${shown(value)}${supported.length ? `: supported values: ${list}` : ""}`);
  }
  duplicate(at: Path, value: unknown, detail = ""): void {
    this.add("FieldValueDuplicate", at, `Duplicate value: ${shown(value)}${detail && `: ${detail}`}`);
  }
  forbidden(at: Path, detail: string): void {
    this.add("FieldValueForbidden", at, `Forbidden: ${detail}`);
  }
  notFound(at: Path, value: unknown, detail = ""): void {
    this.add("FieldValueNotFound", at, `Not found: ${shown(value)}${detail && `: ${detail}`}`);
  }
  tooLong(at: Path, maxBytes: number): void {
    this.add("FieldValueTooLong", at, `Too long: may not be more than ${maxBytes} bytes`);
  }
  tooMany(at: Path, actual: number, max: number): void {
    this.add("FieldValueTooMany", at, `Too many: ${actual}: must have at most ${max} items`);
  }
  typeInvalid(at: Path, value: unknown, detail: string): void {
    this.add("FieldValueTypeInvalid", at, `Invalid value: ${shown(value)}: ${detail}`);
  }
}

/** The 422 answer for a report: `Pod "x" is invalid: [a: …, b: …]`, one cause an error. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const sentences = [...new Set(errors.map(e => (e.field ? `${e.field}: ${e.body}` : e.body)))];
  const all = sentences.length === 1 ? sentences[0]! : `[${sentences.join(", ")}]`;
  const full = group ? `${kind}.${group}` : kind;
  return failure(422, "Invalid", `${full} "${name}" is invalid: ${all}`, {
    name,
    ...(group && { group }),
    kind,
    causes: errors.map(e => ({ reason: e.type, message: e.body, field: e.field })),
  });
}
