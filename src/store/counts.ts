import type { Key } from "./contract.ts";

/** Ranges whose count is kept. */
const COUNTED = 32;

/** How many keys the ranges asked for last have: counted on with every batch, since the index must walk all of a range. */
export class Counts {
  private readonly counted = new Map<string, { readonly from: Key; readonly to: Key; count: number }>();
  private came: { readonly key: Key; readonly more: number }[] = [];

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
    if (more !== 0) this.came.push({ key, more });
  }
  commit(): void {
    for (const { key, more } of this.came)
      for (const known of this.counted.values()) if (key >= known.from && key < known.to) known.count += more;
    this.came = [];
  }
  discard(): void {
    this.came = [];
  }
}
