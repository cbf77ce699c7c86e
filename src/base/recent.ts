/** A map that forgets what was used longest ago, once it holds more than `most`. */
import { UsedMap } from "#base/usedmap.ts";

export class Recent<V> {
  readonly #most: number;
  readonly #entries = new UsedMap<string, V>();
  constructor(most: number) {
    this.#most = most;
  }
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.#entries.set(key, value);
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.oldest!);
    return value;
  }
  clear(): void {
    this.#entries.clear();
  }
}
