/** What stands in a chain, and its neighbours there: nobody else sets them. */
export interface Linked<T> {
  earlier: T | undefined;
  later: T | undefined;
}
/**
 * Things in the order in which they came, any of which may leave. Who has left knows its neighbours no more: what has grown old and is not
 * collected yet would keep alive all that came after it. (So do a Map's and a Set's tables, each of which knows its successor.)
 */
export class Chain<T extends Linked<T>> {
  first: T | undefined;
  last: T | undefined;

  append(item: T): void {
    const { last } = this;
    item.earlier = last;
    this.last = item;
    if (last) last.later = item;
    else this.first = item;
  }
  /** Takes out what is in. */
  remove(item: T): void {
    const { earlier, later } = item;
    item.earlier = undefined;
    item.later = undefined;
    if (earlier) earlier.later = later;
    else this.first = later;
    if (later) later.earlier = earlier;
    else this.last = earlier;
  }
  clear(): void {
    this.first = undefined;
    this.last = undefined;
  }
}
