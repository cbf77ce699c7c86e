import { latin1 } from "#base/bytes.ts";
import { type Block, BODY, HEAD } from "./block.ts";
import type { Key, LeaseId, Revision } from "./contract.ts";
import { SUB, SUB_SIZE } from "./record.ts";
import type { Version } from "./version.ts";

/** An entry as it lies in the log: what it says is looked up in its block when it is asked for. */
export class Stored implements Version {
  private readonly block: Block;
  /** Which of the block's cells. */
  private readonly n: number;
  private name: Key | undefined;

  /** `name`: its key, where that is at hand. */
  constructor(block: Block, n: number, name?: Key) {
    this.block = block;
    this.n = n;
    this.name = name;
  }

  get key(): Key {
    if (this.name === undefined) {
      const { bytes, view, start } = this.block;
      const at = start[this.n]! + HEAD;
      this.name = latin1(bytes, at, at + view.getUint32(at - 4));
    }
    return this.name;
  }
  get modRevision(): Revision {
    return this.block.modRevision[this.n]!;
  }
  get createRevision(): Revision {
    return this.block.createRevision[this.n]!;
  }
  get version(): number {
    return this.block.version[this.n]!;
  }
  get lease(): LeaseId {
    // Most have none, and a bigint is made each time.
    const { leases } = this.block;
    return leases ? leases[this.n]! : 0n;
  }
  get value(): Uint8Array {
    const { buffer, offset, start, value, size } = this.block;
    const { n } = this;
    return new Uint8Array(buffer, offset + start[n]! + value[n]!, size[n]! - value[n]!);
  }
  get segment(): number {
    return this.block.segment;
  }
  get at(): number {
    return this.block.at[this.n]!;
  }
  get size(): number {
    return this.block.size[this.n]!;
  }
  get sub(): number {
    const { view, start, value } = this.block;
    const at = start[this.n]!;
    return view.getUint8(at) & SUB ? view.getUint32(at + value[this.n]! - BODY - SUB_SIZE) : 0;
  }
  get before(): undefined {
    return undefined;
  }
}
