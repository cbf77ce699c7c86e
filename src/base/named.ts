/**
 * What is made of a few texts and asked for again and again: found by the texts themselves, without making one text of them only to ask a
 * Map with it. So many are kept; then it begins anew.
 */
export class Named<V> {
  readonly #most: number;
  readonly #values = new Map<object, Map<string, Map<string | undefined, V>>>();
  #size = 0;
  constructor(most: number) {
    this.#most = most;
  }
  get(of: object, space: string, name: string | undefined): V | undefined {
    return this.#values.get(of)?.get(space)?.get(name);
  }
  set(of: object, space: string, name: string | undefined, value: V): void {
    if (this.#size >= this.#most) {
      this.#values.clear();
      this.#size = 0;
    }
    const spaces = this.#values.get(of) ?? new Map<string, Map<string | undefined, V>>();
    this.#values.set(of, spaces);
    const names = spaces.get(space) ?? new Map<string | undefined, V>();
    spaces.set(space, names);
    const before = names.size;
    names.set(name, value);
    this.#size += names.size - before;
  }
}
