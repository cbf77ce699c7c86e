import { latin1 } from "#base/bytes.ts";
import type { Key } from "./contract.ts";

/** Keys that follow each other, as parts of one text: to make it takes little longer than to make a text of one key's bytes. */
export class Keys {
  private readonly text: string;
  private readonly ends: Uint32Array;

  /** The key at place `i` ends before `ends[i]`, and begins where the one before ends. */
  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.text = latin1(bytes);
    this.ends = ends;
  }

  key(i: number): Key {
    return this.text.slice(i > 0 ? this.ends[i - 1]! : 0, this.ends[i]!);
  }
}
