/** Pieces on their way to one reader, at most so many bytes of them: a reader that does not keep up is cut off. */
export class Outbox<Piece> implements AsyncIterableIterator<readonly Piece[], undefined> {
  private queue: Piece[] = [];
  private size = 0;
  private wake: (() => void) | undefined;
  /** For who waits until the reader has taken all. */
  private emptied: PromiseWithResolvers<void> | undefined;
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
    this.emptied?.resolve();
  }
  /** Half full: who can wait should. */
  get crowded(): boolean {
    return 2 * this.size > this.max;
  }
  /** Resolves once the reader has taken all that was pushed, or there is none any more. */
  async drained(): Promise<void> {
    while (this.queue.length > 0 && !this.ended) {
      this.emptied ??= Promise.withResolvers();
      await this.emptied.promise;
    }
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  /** All that there is, once there is something. One reader asks at a time. */
  next(): Promise<IteratorResult<readonly Piece[], undefined>> {
    if (this.queue.length > 0) return Promise.resolve(this.take());
    if (this.ended) return this.return();
    // what is pushed before the reader comes to itself is taken with what woke it
    return new Promise<void>(this.waits).then(this.woken);
  }
  private readonly waits = (resolve: () => void): void => {
    this.wake = resolve;
  };
  private readonly woken = () => {
    this.wake = undefined;
    return this.queue.length > 0 ? this.take() : this.next();
  };
  private take(): IteratorResult<readonly Piece[], undefined> {
    const value = this.queue;
    this.queue = [];
    this.size = 0;
    this.emptied?.resolve();
    this.emptied = undefined;
    return { done: false, value };
  }
  async return(): Promise<IteratorResult<readonly Piece[], undefined>> {
    this.queue = [];
    this.end();
    this.finished();
    return { done: true, value: undefined };
  }
}
