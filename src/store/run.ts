import type { Block } from "./block.ts";
import type { Keys } from "./keys.ts";
import { Stored } from "./stored.ts";
import { isDead, type Version } from "./version.ts";

/** Versions one after another, most of which are cells of blocks: an object is made of one when it is asked for. */
export class Run {
  readonly length: number;
  /** Of all cells. */
  readonly bytes: number;
  /** How many are deletions. */
  readonly dead: number;
  /** The first is none: what has it is in `known`. */
  private readonly blocks: readonly (Block | undefined)[];
  private readonly which: Uint16Array;
  private readonly nth: Uint32Array;
  private readonly keys: Keys;
  private readonly known: readonly (Version | undefined)[];

  /** For each version, which of the blocks, and which of its cells; `known`: those of no block. */
  constructor(of: {
    readonly blocks: readonly (Block | undefined)[];
    readonly which: Uint16Array;
    readonly nth: Uint32Array;
    readonly keys: Keys;
    readonly known: readonly (Version | undefined)[];
  }) {
    this.length = of.which.length;
    this.blocks = of.blocks;
    this.which = of.which;
    this.nth = of.nth;
    this.keys = of.keys;
    this.known = of.known;
    let bytes = 0;
    let dead = 0;
    for (const block of of.blocks) bytes += block?.bytes.length ?? 0;
    for (const version of of.known) {
      bytes += version?.size ?? 0;
      if (version && isDead(version)) dead++;
    }
    this.bytes = bytes;
    this.dead = dead;
  }

  /** It is made anew each time. */
  version(i: number): Version {
    const block = this.blocks[this.which[i]!];
    return block ? new Stored(block, this.nth[i]!, this.keys.key(i)) : this.known[i]!;
  }
  /** All of them, each with a key of its own: parts of a text are slow to compare. */
  all(): Version[] {
    const all: Version[] = [];
    for (let i = 0; i < this.length; i++) {
      const block = this.blocks[this.which[i]!];
      all.push(block ? new Stored(block, this.nth[i]!) : this.known[i]!);
    }
    return all;
  }
}
