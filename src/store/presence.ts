import { limits } from "#base/limits.ts";
import type { Key } from "./contract.ts";
import { hashOf } from "./keytable.ts";

/** Keys of the index that are read in one go. */
const STEP = 4096;
const LEAST = 1024;
/** Places that a hash may be away from its own: more of them are no chance. */
const REACH = 512;

/**
 * Which keys a table of the index may have, by their hashes, so that it is not asked for those that come for the first time. It is
 * told of each that the index is given. Those that were there before it reads by and by, as many as were asked for in vain: until
 * it has them all any key may be there, as it may once they are too many.
 */
export class Presence {
  /** Open addressing; 0 where none is. */
  private hashes = new Int32Array(LEAST);
  private count = 0;
  /** Keys that have left the index; their hashes stay, since others may have the same. */
  private left = 0;
  private vain = 0;
  /** The first key of the index that was not read yet; undefined: there is none. */
  private unread: Key | undefined;
  private tooMany = false;
  /** How many times it was begun anew. */
  private begun = 0;

  /** `empty`: the index has no key yet. */
  constructor(empty: boolean) {
    this.unread = empty ? undefined : "";
  }

  mayHave(key: Key): boolean {
    return this.unread !== undefined || this.hashes[this.placeOf(hashOf(key))] !== 0;
  }
  /** The index was asked for a key that it does not have. */
  missed(): void {
    this.vain++;
  }
  /** The index is about to be given a key of this hash. */
  came(hash: number): void {
    if (this.tooMany) return;
    const place = this.placeOf(hash);
    if (this.hashes[place] === hash) return;
    if (this.hashes[place] !== 0 || this.count === limits.storeHashes) return this.giveUp();
    this.hashes[place] = hash;
    if (2 * ++this.count < this.hashes.length) return;
    if (2 * this.left > this.count) this.beginAnew();
    else this.grow();
  }
  went(): void {
    this.left++;
  }
  /** Reads on in the index, if that is worth it: `walk` visits its keys from one on, in order, until it is answered false. */
  read(walk: (from: Key, visit: (key: Key) => boolean) => void): void {
    let more = Math.min(this.vain, STEP);
    if (this.tooMany || this.unread === undefined || more === 0) return;
    this.vain -= more;
    const { begun } = this;
    let next: Key | undefined;
    walk(this.unread, key => {
      if (more-- > 0) this.came(hashOf(key));
      else next = key;
      return next === undefined && this.begun === begun;
    });
    if (this.begun === begun) this.unread = next;
  }

  /** Where the hash is, or else would be: 0 is there, or where its reach ends another. */
  private placeOf(hash: number): number {
    const { hashes } = this;
    const mask = hashes.length - 1;
    let place = hash & mask;
    for (let left = REACH; left > 0 && hashes[place] !== 0 && hashes[place] !== hash; left--) place = (place + 1) & mask;
    return place;
  }
  private grow(): void {
    const before = this.hashes;
    this.hashes = new Int32Array(2 * before.length);
    for (const hash of before) {
      if (hash === 0) continue;
      const place = this.placeOf(hash);
      if (this.hashes[place] !== 0) return this.giveUp();
      this.hashes[place] = hash;
    }
  }
  private giveUp(): void {
    this.tooMany = true;
    this.beginAnew();
  }
  private beginAnew(): void {
    this.hashes = new Int32Array(LEAST);
    this.count = this.left = 0;
    this.unread = "";
    this.begun++;
  }
}
