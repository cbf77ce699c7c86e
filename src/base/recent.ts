/** A map that forgets what was used longest ago, once it holds more than `most`. */
import { oldestOf } from "#base/oldest.ts";

export class Recent<V> {
  readonly #most: number;
  readonly #entries = new Map<string, V>();
  readonly #oldest = oldestOf(this.#entries);
  /** The key that was asked for last: it need not move. */
  #newest: string | undefined;
  constructor(most: number) {
    this.#most = most;
  }
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined && key === this.#newest) return known;
    const value = known ?? make();
    this.#newest = key;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#most) this.#entries.delete(this.#oldest()!);
    return value;
  }
  clear(): void {
    this.#entries.clear();
  }
}
