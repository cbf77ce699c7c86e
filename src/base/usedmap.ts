/**
 * A map whose entries stand in the order of their use, for maps that forget. The order is a list of its own: that of a Map costs an entry
 * taken out and put in again at each use, and a walk that is kept over a Map holds on to all that has ever left it.
 */
interface Link<K, V> {
  readonly key: K;
  value: V;
  older: Link<K, V> | undefined;
  newer: Link<K, V> | undefined;
}
export class UsedMap<K, V> {
  readonly #links = new Map<K, Link<K, V>>();
  #oldest: Link<K, V> | undefined;
  #newest: Link<K, V> | undefined;

  get size(): number {
    return this.#links.size;
  }
  /** The key that was used longest ago. */
  get oldest(): K | undefined {
    return this.#oldest?.key;
  }
  /** The value, used now. */
  get(key: K): V | undefined {
    const link = this.#links.get(key);
    if (!link) return undefined;
    if (link !== this.#newest) {
      this.#unlink(link);
      this.#append(link);
    }
    return link.value;
  }
  /** The value; its place stays what it was. */
  peek(key: K): V | undefined {
    return this.#links.get(key)?.value;
  }
  /** A value that is used now. */
  set(key: K, value: V): void {
    this.delete(key);
    const link: Link<K, V> = { key, value, older: undefined, newer: undefined };
    this.#links.set(key, link);
    this.#append(link);
  }
  delete(key: K): void {
    const link = this.#links.get(key);
    if (!link) return;
    this.#links.delete(key);
    this.#unlink(link);
  }
  clear(): void {
    this.#links.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }
  #append(link: Link<K, V>): void {
    link.older = this.#newest;
    link.newer = undefined;
    if (this.#newest) this.#newest.newer = link;
    else this.#oldest = link;
    this.#newest = link;
  }
  #unlink({ older, newer }: Link<K, V>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}
