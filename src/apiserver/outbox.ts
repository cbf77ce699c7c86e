/** Bytes on their way to one reader, at most so many of them: a reader that does not keep up is cut off. */
export class Outbox implements AsyncIterable<Uint8Array> {
  private readonly queue: Uint8Array[] = [];
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
  push(bytes: Uint8Array): void {
    if (this.ended) return;
    this.queue.push(bytes);
    this.size += bytes.length;
    if (this.size > this.max) {
      this.queue.length = 0;
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
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (;;) {
        while (this.queue.length > 0) {
          const next = this.queue.length === 1 ? this.queue[0]! : joined(this.queue);
          this.queue.length = 0;
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
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
