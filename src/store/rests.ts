import type { Key, Revision } from "./contract.ts";

/** Ranges that are being read in parts, of which it is known what is left. */
const KNOWN = 32;

/** How many keys are left of ranges whose first part was read lately: whoever reads on, as of the same revision, asks for them next. */
export class Rests {
  private readonly known = new Map<string, number>();

  note(revision: Revision, from: Key, to: Key, count: number): void {
    if (this.known.size >= KNOWN) this.known.delete(this.known.keys().next().value!);
    this.known.set(nameOf(revision, from, to), count);
  }
  /** The keys that [from, to) has at `revision`, if they are what was left; they are forgotten. */
  take(revision: Revision, from: Key, to: Key): number | undefined {
    const name = nameOf(revision, from, to);
    const count = this.known.get(name);
    this.known.delete(name);
    return count;
  }
}
const nameOf = (revision: Revision, from: Key, to: Key) => `${revision} ${from.length} ${from}${to}`;
