import type { Key } from "./contract.ts";
import type { Run } from "./run.ts";
import { isDead, type Version } from "./version.ts";

/** Beside its cell, what one version is counted as. */
const OVERHEAD = 160;

/** What a run's versions are counted as. */
export const bytesOf = ({ bytes, length }: Run) => bytes + OVERHEAD * length;

/** All versions of [from, to), in key order: what the table of newest versions has, deletions included. */
export class Page {
  readonly from: Key;
  to: Key;
  /** What it is counted as. */
  bytes = 0;
  /** How many of the versions are deletions: mostly none, and then none is looked at. */
  dead = 0;
  used = 0;
  private run: Run | undefined;
  /** How many versions of the run were made. */
  private made = 0;
  private kept: Version[] = [];

  constructor(from: Key, to: Key, versions: Run | Version[], used: number) {
    this.from = from;
    this.to = to;
    this.used = used;
    if (!Array.isArray(versions)) {
      this.run = versions;
      this.bytes = bytesOf(versions);
      this.dead = versions.dead;
      return;
    }
    this.kept = versions;
    for (const version of versions) this.weigh(version, 1);
  }

  get length(): number {
    return this.run ? this.run.length : this.kept.length;
  }
  version(i: number): Version {
    return this.run ? this.run.version(i) : this.kept[i]!;
  }
  /** Says that so many versions are to be read. Objects of them are kept once all were read: those of a page that is read in passing were most of the collector's work. */
  reading(count: number): void {
    if (this.run && this.made >= this.run.length) this.keep();
    this.made += count;
  }
  /** The first place whose key is not below `key`. */
  placeOf(key: Key): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.version(middle).key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  get(key: Key): Version | undefined {
    const found = this.keep()[this.placeOf(key)];
    return found?.key === key ? found : undefined;
  }
  put(version: Version): void {
    const kept = this.keep();
    const at = this.placeOf(version.key);
    const before = kept[at];
    if (before?.key === version.key) {
      this.weigh(before, -1);
      kept[at] = version;
    } else kept.splice(at, 0, version);
    this.weigh(version, 1);
  }
  forget(key: Key): void {
    const kept = this.keep();
    const at = this.placeOf(key);
    const before = kept[at];
    if (before?.key !== key) return;
    kept.splice(at, 1);
    this.weigh(before, -1);
  }
  /** Leaves the lower half, and gives the upper. */
  split(): Page {
    const half = this.keep().splice(this.length >> 1);
    for (const version of half) this.weigh(version, -1);
    const upper = new Page(half[0]!.key, this.to, half, this.used);
    this.to = upper.from;
    return upper;
  }

  private keep(): Version[] {
    if (this.run) this.kept = this.run.all();
    this.run = undefined;
    return this.kept;
  }
  /** A version has come, or gone. */
  private weigh(version: Version, sign: 1 | -1): void {
    this.bytes += sign * (OVERHEAD + version.size);
    if (isDead(version)) this.dead += sign;
  }
}
