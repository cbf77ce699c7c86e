/** Pieces on their way to one reader, at most so many bytes of them: a reader that does not keep up is cut off. */
export class Outbox<Piece> implements AsyncIterable<readonly Piece[]> {
  private queue: Piece[] = [];
  private size = 0;
  private wake: (() => void) | undefined;
  private taken = Promise.withResolvers<void>();
  private readonly max: number;
  private readonly finished: () => void;
  /** No more is taken; what is queued is still sent. */
  ended = false;

  /** `finished` is called once the reader has gone or was cut off. */
  constructor(max: number, finished: () => void) {
    this.max = max;
    this.finished = finished;
  }
  push(piece: Piece, bytes: number): void {
    if (this.ended) return;
    this.queue.push(piece);
    this.size += bytes;
    if (this.size > this.max) {
      this.queue = [];
      this.end();
      this.finished();
      return;
    }
    this.wake?.();
  }
  end(): void {
    this.ended = true;
    this.wake?.();
    this.taken.resolve();
  }
  /** Half full: who can wait should. */
  get crowded(): boolean {
    return 2 * this.size > this.max;
  }
  /** Resolves once the reader has taken all that was pushed, or there is none any more. */
  async drained(): Promise<void> {
    while (this.queue.length > 0 && !this.ended) await this.taken.promise;
  }
  async *[Symbol.asyncIterator](): AsyncIterator<readonly Piece[]> {
    try {
      for (;;) {
        while (this.queue.length > 0) {
          const next = this.queue;
          this.queue = [];
          this.size = 0;
          this.taken.resolve();
          this.taken = Promise.withResolvers();
          yield next;
        }
        if (this.ended) return;
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
        this.wake = undefined;
      }
    } finally {
      this.end();
      this.finished();
    }
  }
}
