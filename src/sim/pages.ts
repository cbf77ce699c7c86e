/** A file's bytes in pages: what is written copies the pages that it touches, and shares the rest with what was there before. */

const PAGE = 4096;
const ZEROES = new Uint8Array(PAGE);

/** Bytes that never change; each write makes others. */
export class Pages {
  static readonly empty = new Pages(0, []);
  readonly length: number;
  /** Whole pages; behind `length` there are zeroes. */
  readonly #pages: readonly Uint8Array[];

  private constructor(length: number, pages: readonly Uint8Array[]) {
    this.length = length;
    this.#pages = pages;
  }
  /** With `bytes` at `at`; between the end and there are zeroes. */
  written(at: number, bytes: Uint8Array): Pages {
    const length = Math.max(this.length, at + bytes.length);
    const pages = this.#upTo(length);
    for (let done = 0; done < bytes.length; ) {
      const n = Math.floor((at + done) / PAGE);
      const start = (at + done) % PAGE;
      const piece = bytes.subarray(done, done + PAGE - start);
      const page = pages[n]!.slice();
      page.set(piece, start);
      pages[n] = page;
      done += piece.length;
    }
    return new Pages(length, pages);
  }
  /** Cut, or grown with zeroes. */
  resized(length: number): Pages {
    const pages = this.#upTo(length);
    const last = pages.length - 1;
    const used = length - last * PAGE;
    if (length < this.length && used < PAGE) pages[last] = pages[last]!.slice().fill(0, used);
    return new Pages(length, pages);
  }
  /** A copy of [from, to), as far as there are bytes. */
  slice(from = 0, to = this.length): Uint8Array {
    const end = Math.min(to, this.length);
    const bytes = new Uint8Array(Math.max(0, end - from));
    for (let done = 0; done < bytes.length; ) {
      const start = (from + done) % PAGE;
      const piece = this.#pages[Math.floor((from + done) / PAGE)]!.subarray(start, start + bytes.length - done);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }
  #upTo(length: number): Uint8Array[] {
    const pages = this.#pages.slice(0, Math.ceil(length / PAGE));
    while (pages.length < Math.ceil(length / PAGE)) pages.push(ZEROES);
    return pages;
  }
}
