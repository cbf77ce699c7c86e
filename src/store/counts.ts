import type { Key } from "./contract.ts";

/** Ranges whose count is kept. */
const COUNTED = 32;

/** How many keys the ranges asked for last have: counted on with every batch, since the index must walk all of a range. */
export class Counts {
  private readonly counted = new Map<string, { readonly from: Key; readonly to: Key; count: number }>();
  /** Keys that the pending batch brings, and that it takes away. */
  private came: Key[] = [];
  private went: Key[] = [];

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
  /** The pending batch brings a key (`more` 1), or takes it away (-1). */
  note(key: Key, more: number): void {
    if (more > 0) this.came.push(key);
    else if (more < 0) this.went.push(key);
  }
  commit(): void {
    for (const known of this.counted.values()) {
      for (const key of this.came) if (key >= known.from && key < known.to) known.count++;
      for (const key of this.went) if (key >= known.from && key < known.to) known.count--;
    }
    this.discard();
  }
  discard(): void {
    this.came.length = 0;
    this.went.length = 0;
  }
}
