/**
 * Numbers at places 0…size-1, of which the greatest is asked for: a change costs at most as many steps as the size has digits (of many
 * between two questions, each node is played once), and each of those that are equally great is found without looking at the others.
 */
export class Tournament {
  /** Leaves from here on; node i is played out by 2i and 2i + 1. */
  readonly #leaves: number;
  readonly #best: Int32Array;
  /** How many below a node are as great as its best. */
  readonly #ties: Int32Array;
  /** Nodes below which something has changed since they were played; so has all above them. */
  readonly #due: Uint8Array;

  /** `valueAt` gives the number of each place. */
  constructor(size: number, valueAt: (place: number) => number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(2, size)));
    this.#best = new Int32Array(2 * this.#leaves).fill(LEAST);
    this.#ties = new Int32Array(2 * this.#leaves);
    this.#due = new Uint8Array(2 * this.#leaves);
    for (let place = 0; place < size; place++) {
      this.#best[this.#leaves + place] = valueAt(place);
      this.#ties[this.#leaves + place] = 1;
    }
    for (let node = this.#leaves - 1; node > 0; node--) this.#play(node);
  }
  set(place: number, value: number): void {
    const leaf = this.#leaves + place;
    if (this.#best[leaf] === value) return;
    this.#best[leaf] = value;
    for (let node = leaf >> 1; node > 0 && this.#due[node] === 0; node >>= 1) this.#due[node] = 1;
  }
  /** The greatest. */
  get best(): number {
    this.#replay(1);
    return this.#best[1]!;
  }
  /** How many places have it. */
  get ties(): number {
    this.#replay(1);
    return this.#ties[1]!;
  }
  /** The place of the tie that has so many before it. */
  nth(skip: number): number {
    const { best } = this;
    let node = 1;
    for (let left = skip; node < this.#leaves; ) {
      node *= 2;
      const first = this.#best[node] === best ? this.#ties[node]! : 0;
      if (left < first) continue;
      left -= first;
      node++;
    }
    return node - this.#leaves;
  }
  /** Plays what is due at and below a node. */
  #replay(node: number): void {
    if (this.#due[node] === 0) return;
    this.#due[node] = 0;
    this.#replay(2 * node);
    this.#replay(2 * node + 1);
    this.#play(node);
  }
  #play(node: number): void {
    const [a, b] = [2 * node, 2 * node + 1];
    const [x, y] = [this.#best[a]!, this.#best[b]!];
    this.#best[node] = Math.max(x, y);
    this.#ties[node] = (x >= y ? this.#ties[a]! : 0) + (y >= x ? this.#ties[b]! : 0);
  }
}
const LEAST = -(2 ** 31);
