/**
 * Whether a disk is quick enough to be waited for in place. A write that goes through another thread costs two switches between
 * threads, more than a quick disk takes; one that is waited for in place keeps everything else waiting for as long as it lasts.
 */

/** Milliseconds: a mean above which a disk is not quick, a single write above which it is not, and all within one turn of the event loop. */
const MEAN = 3;
const MOST = 10;
const TURN = 10;
/** Writes that the mean is of, and for how many a slow disk is left alone before it is tried again. */
const SPAN = 16;
const PAUSE = 256;

export class Pace {
  private mean = 0;
  private paused = 0;
  /** When the first write of this turn was waited for. */
  private began: number | undefined;
  private readonly nextTurn: (begun: () => void) => void;

  /** `nextTurn` calls back when the event loop has gone on. */
  constructor(nextTurn: (begun: () => void) => void) {
    this.nextTurn = nextTurn;
  }

  /** Whether the write of this moment may be waited for in place; to be asked once for each. */
  isQuick(now: number): boolean {
    // One who writes in a loop must not keep all others from their turn.
    if (this.began !== undefined && now - this.began >= TURN) return false;
    if (this.paused > 0) {
      this.paused--;
      return false;
    }
    if (this.began === undefined) {
      this.began = now;
      this.nextTurn(() => {
        this.began = undefined;
      });
    }
    return true;
  }
  /** It was, for so many milliseconds. */
  took(ms: number): void {
    this.mean += (ms - this.mean) / SPAN;
    if (ms <= MOST && this.mean <= MEAN) return;
    this.paused = PAUSE;
    this.mean = 0;
  }
}
