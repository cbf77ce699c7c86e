import type { Key } from "./contract.ts";
import { Page } from "./page.ts";
import type { Run } from "./run.ts";
import { isDead, type Version } from "./version.ts";

/** Keys that a range's first page is filled with; those after it are for so many bytes, up to as many keys. */
const FILL = 512;
const MORE_BYTES = 1024 * 1024;
const MORE = 4096;
/** Keys that a page that is written to has at most. */
const FULL = 1024;

/** Gives the first `most` versions of [from, to), deletions included, with their values. */
export type Load = (from: Key, to: Key, most: number) => Run;

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
    return page.get(key) ?? null;
  }

  /** A version, which may be a deletion, has become durable. */
  put(version: Version): void {
    const page = this.pageOf(version.key);
    if (!page) return;
    this.bytes -= page.bytes;
    page.put(version);
    this.bytes += page.bytes;
    if (page.length > FULL) this.pages.splice(this.after(page.from), 0, page.split());
    this.shed();
  }
  /** The key's version is gone for good. */
  forget(key: Key): void {
    const page = this.pageOf(key);
    if (!page) return;
    this.bytes -= page.bytes;
    page.forget(key);
    this.bytes += page.bytes;
  }

  /** The first `most` (0: all) entries of [from, to), from the pages, or read into them. */
  range(from: Key, to: Key, most: number): Version[] {
    const found: Version[] = [];
    let at = from;
    let fill = FILL;
    while (at < to) {
      const page = this.pageOf(at) ?? this.fill(at, fill);
      fill = Math.max(FILL, Math.min(MORE, Math.floor((MORE_BYTES * page.length) / (page.bytes + 1))));
      page.used = ++this.clock;
      const { dead } = page;
      const start = at === page.from ? 0 : page.placeOf(at);
      const end = page.to <= to ? page.length : page.placeOf(to);
      page.reading(most > 0 ? Math.min(end - start, most - found.length) : end - start);
      for (let i = start; i < end; i++) {
        const version = page.version(i);
        if (dead > 0 && isDead(version)) continue;
        found.push(version);
        if (found.length === most) return found;
      }
      at = page.to;
    }
    return found;
  }

  private fill(from: Key, most: number): Page {
    const next = this.pages[this.after(from)]?.from ?? "\uffff";
    const run = this.load(from, next, most);
    const to = run.length < most ? next : `${run.version(run.length - 1).key}\0`;
    const page = new Page(from, to, run, ++this.clock);
    this.bytes += page.bytes;
    this.pages.splice(this.after(from), 0, page);
    this.shed(page);
    return page;
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
