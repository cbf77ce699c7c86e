/**
 * Whether a disk is quick enough to be waited for in place. A write that goes through another thread costs two switches between
 * threads, more than a quick disk takes; one that is waited for in place keeps everything else waiting for as long as it lasts.
 */

/** Milliseconds: a mean above which a disk is not quick, and a single write above which it is not. */
const MEAN = 3;
const MOST = 10;
/** Writes that the mean is of, and for how many a slow disk is left alone before it is tried again. */
const SPAN = 16;
const PAUSE = 256;

export class Pace {
  private mean = 0;
  private paused = 0;

  /** A write was waited for in place, for so many milliseconds. */
  took(ms: number): void {
    this.mean += (ms - this.mean) / SPAN;
    if (ms <= MOST && this.mean <= MEAN) return;
    this.paused = PAUSE;
    this.mean = 0;
  }
  /** Whether the next write may be waited for in place; to be asked once for each. */
  isQuick(): boolean {
    if (this.paused === 0) return true;
    this.paused--;
    return false;
  }
}
