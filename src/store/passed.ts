import { limits } from "#base/limits.ts";
import type { Key } from "./contract.ts";

/**
 * Where ranges began that were read without being kept, the last so many bytes of them: who reads one again soon may well do so
 * once more, while most of what is read once, and all that is more than may be kept, would only take the place of the others.
 */
export class Passed {
  private readonly most: number;
  private readonly known = new Map<Key, number>();
  private bytes = 0;

  /** `most`: bytes. */
  constructor(most: number) {
    this.most = most;
  }

  note(from: Key, bytes: number): void {
    this.take(from);
    if (bytes > this.most) return;
    this.known.set(from, bytes);
    this.bytes += bytes;
    for (const oldest of this.known.keys()) {
      if (this.bytes <= this.most && this.known.size <= limits.storePassed) break;
      this.take(oldest);
    }
  }
  /** Whether it is known; it is forgotten. */
  take(from: Key): boolean {
    const bytes = this.known.get(from);
    if (bytes === undefined) return false;
    this.known.delete(from);
    this.bytes -= bytes;
    return true;
  }
}
