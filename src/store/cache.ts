import type { Key } from "./contract.ts";
import { bytesOf, Page } from "./page.ts";
import { Passed } from "./passed.ts";
import type { Run } from "./run.ts";
import { isDead, type Version } from "./version.ts";

/** Keys that a range's first page is filled with; those after it are for so many bytes, up to as many keys. */
const FILL = 512;
const MORE_BYTES = 1024 * 1024;
const MORE = 4096;
/** Keys that are read at once without being kept: the text of as many is none of the collector's large objects, each of which is given memory of its own. */
const AT_ONCE = 2048;
/** Keys that a page that is written to has at most. */
const FULL = 1024;

/** Gives the first `most` versions of [from, to), deletions included, with their values. */
export type Load = (from: Key, to: Key, most: number) => Run;

/**
 * The newest durable versions of ranges that were read twice lately, with their values, within a stated number of bytes: pages
 * of neighbours. It is told of every version that becomes durable.
 */
export class Cache {
  private readonly most: number;
  private readonly load: Load;
  /** In key order; they do not overlap. */
  private readonly pages: Page[] = [];
  private readonly passed: Passed;
  private bytes = 0;
  private clock = 0;

  constructor(most: number, load: Load) {
    this.most = most;
    this.load = load;
    this.passed = new Passed(most);
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

  /** The first `most` (0: all) entries of [from, to), from the pages, or read into them if they were read lately. */
  range(from: Key, to: Key, most: number): Version[] {
    const found: Version[] = [];
    let at = from;
    let fill = FILL;
    // Where they began to lack something, and how much of it was not read into them.
    let missing: Key | undefined;
    let keeps = false;
    let bytes = 0;
    while (at < to && (most === 0 || found.length < most)) {
      const known = this.pageOf(at);
      if (!known && missing === undefined) {
        missing = at;
        keeps = this.passed.take(at);
      }
      if (!known && !keeps) {
        const next = this.nextFrom(at);
        const end = next < to ? next : to;
        const wanted = Math.min(AT_ONCE, most > 0 ? most - found.length : AT_ONCE);
        const run = this.load(at, end, wanted);
        for (let i = 0; i < run.length; i++) {
          const version = run.version(i);
          if (run.dead === 0 || !isDead(version)) found.push(version);
        }
        bytes += bytesOf(run);
        at = run.length < wanted ? end : `${run.version(run.length - 1).key}\0`;
        continue;
      }
      const page = known ?? this.fill(at, fill);
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
        if (found.length === most) break;
      }
      at = page.to;
    }
    if (missing !== undefined && !keeps) this.passed.note(missing, bytes);
    return found;
  }

  private fill(from: Key, most: number): Page {
    const next = this.nextFrom(from);
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
  /** Where the first page behind `key` begins. */
  private nextFrom(key: Key): Key {
    return this.pages[this.after(key)]?.from ?? "\uffff";
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
