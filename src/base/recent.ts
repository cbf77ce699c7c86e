/** A map that forgets what was used longest ago, once it holds more than `most`. */
export class Recent<V> {
  readonly #most: number;
  readonly #entries = new Map<string, V>();
  constructor(most: number) {
    this.#most = most;
  }
  get(key: string, make: () => V): V {
    const value = this.#entries.get(key) ?? make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.size > this.#most ? this.#entries.keys() : [];
    if (oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
  clear(): void {
    this.#entries.clear();
  }
}
