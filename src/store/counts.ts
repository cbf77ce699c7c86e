import type { Key } from "./contract.ts";

/** Ranges whose count is kept. */
const COUNTED = 32;

/** Keys that a batch brings, and that it takes away. */
interface Moves {
  readonly came: Key[];
  readonly went: Key[];
}

/** How many keys the ranges asked for last have: counted on with every batch, since the index must walk all of a range. */
export class Counts {
  private readonly counted = new Map<string, { readonly from: Key; readonly to: Key; count: number }>();
  /** What the open batch, and the one that is sealed, bring and take away. */
  private open: Moves = { came: [], went: [] };
  private sealed: Moves = { came: [], went: [] };

  /** Keys in [from, to) that are durable; `walk` counts them where they are not known. */
  of(from: Key, to: Key, walk: () => number): number {
    const name = `${from.length} ${from}${to}`;
    const known = this.counted.get(name);
    if (known) return known.count;
    const count = walk();
    if (from >= to) return count;
    if (this.counted.size >= COUNTED) this.counted.delete(this.counted.keys().next().value!);
    this.counted.set(name, { from, to, count });
    return count;
  }
  /** The open batch brings a key (`more` 1), or takes it away (-1). */
  note(key: Key, more: number): void {
    if (more > 0) this.open.came.push(key);
    else if (more < 0) this.open.went.push(key);
  }
  seal(): void {
    const { open, sealed } = this;
    this.open = sealed;
    this.sealed = open;
  }
  /** The sealed batch is durable. */
  commit(): void {
    const { came, went } = this.sealed;
    for (const known of this.counted.values()) {
      for (const key of came) if (key >= known.from && key < known.to) known.count++;
      for (const key of went) if (key >= known.from && key < known.to) known.count--;
    }
    clear(this.sealed);
  }
  discard(): void {
    clear(this.sealed);
    clear(this.open);
  }
}
function clear({ came, went }: Moves): void {
  came.length = 0;
  went.length = 0;
}
