/** What has changed since when: which rows, and which pods came to them or went. Whatever is kept over the nodes catches up from here. */
import type { PodInfo } from "#scheduler/podinfo.ts";

/** `pod` absent: the node itself came, changed or went. */
export interface Entry {
  readonly row: number;
  readonly pod: PodInfo | undefined;
  readonly sign: 1 | -1;
}

export class Journal {
  readonly #most: number;
  #entries: Entry[] = [];
  /** Position of the first entry that is remembered. */
  #first = 0;

  /** Remembers at least the last `most` entries. */
  constructor(most: number) {
    this.#most = most;
  }
  get position(): number {
    return this.#first + this.#entries.length;
  }
  add(row: number, pod: PodInfo | undefined, sign: 1 | -1): void {
    this.#entries.push({ row, pod, sign });
    if (this.#entries.length < 2 * this.#most) return;
    this.#entries = this.#entries.slice(this.#most);
    this.#first += this.#most;
  }
  /** Calls back with each entry after `position`; false: they are not all remembered, and nothing was called. */
  since(position: number, each: (entry: Entry) => void): boolean {
    if (position < this.#first) return false;
    for (let i = position - this.#first; i < this.#entries.length; i++) each(this.#entries[i]!);
    return true;
  }
}
