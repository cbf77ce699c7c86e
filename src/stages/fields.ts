/** Reads what a person wrote, field by field: each refusal is one sentence that names the field. */

/** A stage that cannot be: `chaos.yaml: stage pod-fails: spec.weight: must be a whole number from 0`. */
export class StageError extends Error {}

export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #where: string;

  /** `where` says what is read; `path` is "" for all of it. */
  constructor(value: unknown, where: string, path = "") {
    this.#where = where;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("must be a mapping of fields");
    this.#value = value as Record<string, unknown>;
  }
  /** Refuses the fields that are not among these. */
  only(...names: readonly string[]): this {
    for (const name of Object.keys(this.#value))
      if (!names.includes(name)) throw this.wrong(`is not known here (known: ${names.join(", ")})`, name);
    return this;
  }
  wrong(says: string, name = ""): StageError {
    const path = [this.#path, name].filter(part => part !== "").join(".");
    return new StageError(`${this.#where}: ${path ? `${path}: ` : ""}${says}`);
  }
  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }
  /** Undefined: it is absent. */
  text(name: string): string | undefined {
    return this.#of(name, value => typeof value === "string", "must be text") as string | undefined;
  }
  needed(name: string): string {
    const text = this.text(name);
    if (!text) throw this.wrong("is required", name);
    return text;
  }
  flag(name: string): boolean {
    return (this.#of(name, value => typeof value === "boolean", "must be true or false") as boolean | undefined) ?? false;
  }
  whole(name: string): number | undefined {
    return this.#of(name, value => Number.isSafeInteger(value) && (value as number) >= 0, "must be a whole number from 0") as
      | number
      | undefined;
  }
  oneOf<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    return this.#of(name, value => choices.includes(value as T), `must be one of ${choices.join(", ")}`) as T | undefined;
  }
  texts(name: string): readonly string[] {
    return this.list(name).map((value, i) => {
      if (typeof value !== "string") throw this.wrong("must be text", `${name}[${i}]`);
      return value;
    });
  }
  list(name: string): readonly unknown[] {
    return (this.#of(name, Array.isArray, "must be a list") as unknown[] | undefined) ?? [];
  }
  fields(name: string): Fields | undefined {
    return this.has(name) ? new Fields(this.#value[name], this.#where, this.#at(name)) : undefined;
  }
  each(name: string): Fields[] {
    return this.list(name).map((value, i) => new Fields(value, this.#where, this.#at(`${name}[${i}]`)));
  }
  /** A mapping of texts. */
  map(name: string): Readonly<Record<string, string>> {
    const inner = this.fields(name);
    return Object.fromEntries(inner ? Object.keys(inner.#value).map(key => [key, inner.text(key) ?? ""]) : []);
  }
  /** What reading the field's text makes of it; an error becomes a refusal of this field. */
  made<T>(name: string, make: (text: string) => T): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return make(text);
    } catch (error) {
      throw this.wrong((error as Error).message, name);
    }
  }
  #at(name: string): string {
    return this.#path ? `${this.#path}.${name}` : name;
  }
  #of(name: string, isRight: (value: unknown) => boolean, says: string): unknown {
    if (!this.has(name)) return undefined;
    if (!isRight(this.#value[name])) throw this.wrong(says, name);
    return this.#value[name];
  }
}
