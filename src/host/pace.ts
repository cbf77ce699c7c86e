/**
 * Whether a disk is quick enough to be waited for in place. A write that goes through another thread costs two switches between
 * threads, more than a quick disk takes; one that is waited for in place keeps everything else waiting for as long as it lasts.
 */

/** Milliseconds: a mean below which a disk is quick, and a single write above which it is not for a while. */
const QUICK = 1;
const SLOW = 10;
/** Writes that the mean is of, and for how many a slow one is remembered. */
const SPAN = 16;
const MEMORY = 1024;

export class Pace {
  private mean = SLOW;
  private shunned = 0;

  /** A write took so many milliseconds. */
  took(ms: number): void {
    this.mean += (ms - this.mean) / SPAN;
    if (ms > SLOW) this.shunned = MEMORY;
    else if (this.shunned > 0) this.shunned--;
  }
  get isQuick(): boolean {
    return this.shunned === 0 && this.mean < QUICK;
  }
}
