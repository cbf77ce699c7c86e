import type { Key } from "./contract.ts";
import { isDead, type Version } from "./version.ts";

/** All versions of [from, to), in key order: what the table of newest versions has, deletions included. */
interface Page {
  readonly from: Key;
  to: Key;
  versions: Version[];
  bytes: number;
  /** How many of the versions are deletions: mostly none, and then none is looked at. */
  dead: number;
  used: number;
}
/** Keys that one page is filled with, and at most holds. */
const FILL = 512;
const FULL = 1024;
/** Beside its cell, what one version is counted as. */
const OVERHEAD = 160;
const sizeOf = (version: Version) => OVERHEAD + version.size;

/** Gives the first `most` versions of [from, to), deletions included, with their values. */
export type Load = (from: Key, to: Key, most: number) => Version[];

/**
 * The newest durable versions of ranges that were read lately, with their values, within a stated number of bytes: pages of
 * neighbours. It is told of every version that becomes durable.
 */
export class Cache {
  private readonly most: number;
  private readonly load: Load;
  /** In key order; they do not overlap. */
  private readonly pages: Page[] = [];
  private bytes = 0;
  private clock = 0;

  constructor(most: number, load: Load) {
    this.most = most;
    this.load = load;
  }

  /** The key's newest version; null: there is none; undefined: not known here. */
  get(key: Key): Version | null | undefined {
    const page = this.pageOf(key);
    if (!page) return undefined;
    page.used = ++this.clock;
    const found = page.versions[placeIn(page.versions, key)];
    return found?.key === key ? found : null;
  }

  /** A version, which may be a deletion, has become durable. */
  put(version: Version): void {
    const page = this.pageOf(version.key);
    if (!page) return;
    const at = placeIn(page.versions, version.key);
    const before = page.versions[at];
    if (before?.key === version.key) {
      this.weigh(page, before, -1);
      page.versions[at] = version;
    } else page.versions.splice(at, 0, version);
    this.weigh(page, version, 1);
    if (page.versions.length > FULL) this.split(page);
    this.shed();
  }
  /** The key's version is gone for good. */
  forget(key: Key): void {
    const page = this.pageOf(key);
    if (!page) return;
    const at = placeIn(page.versions, key);
    const before = page.versions[at];
    if (before?.key !== key) return;
    page.versions.splice(at, 1);
    this.weigh(page, before, -1);
  }

  /** The first `most` (0: all) entries of [from, to), from the pages, or read into them. */
  range(from: Key, to: Key, most: number): Version[] {
    const found: Version[] = [];
    let at = from;
    while (at < to) {
      const page = this.pageOf(at) ?? this.fill(at);
      page.used = ++this.clock;
      const { versions, dead } = page;
      const end = page.to <= to ? versions.length : placeIn(versions, to);
      for (let i = at === page.from ? 0 : placeIn(versions, at); i < end; i++) {
        const version = versions[i]!;
        if (dead > 0 && isDead(version)) continue;
        found.push(version);
        if (found.length === most) return found;
      }
      at = page.to;
    }
    return found;
  }

  private fill(from: Key): Page {
    const next = this.pages[this.after(from)]?.from ?? "\uffff";
    const versions = this.load(from, next, FILL);
    const to = versions.length < FILL ? next : `${versions.at(-1)!.key}\0`;
    const page: Page = { from, to, versions, bytes: 0, dead: 0, used: ++this.clock };
    for (const version of versions) this.weigh(page, version, 1);
    this.pages.splice(this.after(from), 0, page);
    this.shed(page);
    return page;
  }
  private split(page: Page): void {
    const half = page.versions.splice(page.versions.length >> 1);
    const upper: Page = { from: half[0]!.key, to: page.to, versions: half, bytes: 0, dead: 0, used: page.used };
    for (const version of half) {
      this.weigh(page, version, -1);
      this.weigh(upper, version, 1);
    }
    page.to = upper.from;
    this.pages.splice(this.after(page.from), 0, upper);
  }
  /** A version has come to a page, or gone from it. */
  private weigh(page: Page, version: Version, sign: 1 | -1): void {
    const size = sign * sizeOf(version);
    page.bytes += size;
    this.bytes += size;
    if (isDead(version)) page.dead += sign;
  }
  // Down to nine tenths, so that it is not done for every page.
  private shed(but?: Page): void {
    if (this.bytes <= this.most) return;
    const oldest = [...this.pages].sort((a, b) => a.used - b.used);
    const gone = new Set<Page>();
    for (const page of oldest) {
      if (this.bytes <= this.most * 0.9) break;
      if (page === but) continue;
      gone.add(page);
      this.bytes -= page.bytes;
    }
    let kept = 0;
    for (const page of this.pages) if (!gone.has(page)) this.pages[kept++] = page;
    this.pages.length = kept;
  }
  private pageOf(key: Key): Page | undefined {
    const after = this.after(key);
    // A place before the first is slow to ask for.
    const page = after > 0 ? this.pages[after - 1] : undefined;
    return page && key < page.to ? page : undefined;
  }
  /** The place of the first page that begins above `key`. */
  private after(key: Key): number {
    let low = 0;
    let high = this.pages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.pages[middle]!.from <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The first place in `versions` whose key is not below `key`. */
function placeIn(versions: readonly Version[], key: Key): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (versions[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
