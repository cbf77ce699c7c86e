import { Chain, type Linked } from "#base/chain.ts";

/**
 * A map whose entries stand in the order of their use, for maps that forget. The order is a list of its own: that of a Map costs an entry
 * taken out and put in again at each use, and a walk that is kept over a Map holds on to all that has ever left it.
 */
interface Link<K, V> extends Linked<Link<K, V>> {
  readonly key: K;
  value: V;
}
export class UsedMap<K, V> {
  readonly #links = new Map<K, Link<K, V>>();
  readonly #used = new Chain<Link<K, V>>();

  get size(): number {
    return this.#links.size;
  }
  /** The key that was used longest ago. */
  get oldest(): K | undefined {
    return this.#used.first?.key;
  }
  /** The value, used now. */
  get(key: K): V | undefined {
    const link = this.#links.get(key);
    if (!link) return undefined;
    this.#use(link);
    return link.value;
  }
  /** The value; its place stays what it was. */
  peek(key: K): V | undefined {
    return this.#links.get(key)?.value;
  }
  /** A value that is used now. */
  set(key: K, value: V): void {
    const known = this.#links.get(key);
    if (known) {
      known.value = value;
      this.#use(known);
      return;
    }
    const link: Link<K, V> = { key, value, earlier: undefined, later: undefined };
    this.#links.set(key, link);
    this.#used.append(link);
  }
  delete(key: K): void {
    const link = this.#links.get(key);
    if (!link) return;
    this.#links.delete(key);
    this.#used.remove(link);
  }
  clear(): void {
    this.#links.clear();
    this.#used.clear();
  }
  #use(link: Link<K, V>): void {
    if (link === this.#used.last) return;
    this.#used.remove(link);
    this.#used.append(link);
  }
}
