import type { Peer } from "#base/http.ts";
import type { Headers } from "./hpack.ts";
import type { Flow } from "./http2flow.ts";
import { fault } from "./http2frames.ts";
import type { Outgoing } from "./http2outgoing.ts";

/** What a stream's owner wants to hear. */
export interface Reader {
  data(bytes: Buffer): void;
  /** The other side sends no more. */
  end(): void;
  /** The stream is over, by reset or with its connection. */
  gone(): void;
}
/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly peer: Peer | undefined;
  readonly out: Outgoing;
  readonly flow: Flow;
  /** The stream is closed. */
  forget(stream: Http2Stream): void;
  /** Nothing is done any more for a stream that is closed. */
  release(): void;
}

/** One stream: headers are there, what comes goes to `reader`, what is sent waits for the windows. */
export class Http2Stream {
  readonly id: number;
  readonly headers: Headers;
  reader: Reader | undefined;
  remoteEnded = false;
  /** For the connection's books (http2flow.ts). */
  sendWindow: number;
  taken = 0;
  unread = 0;
  isFinished = false;
  private readonly connection: StreamOwner;
  private open = true;
  /** Bytes that wait to be sent, from `queueAt` of the first on; how many those are. */
  private queue: Buffer[] = [];
  private queueAt = 0;
  unsent = 0;
  private trailers: Uint8Array | undefined;
  private endAfter = false;
  private waiting: (() => void)[] = [];

  constructor(connection: StreamOwner, id: number, headers: Headers, sendWindow: number) {
    this.connection = connection;
    this.id = id;
    this.headers = headers;
    this.sendWindow = sendWindow;
  }
  get peer(): Peer | undefined {
    return this.connection.peer;
  }
  get closed(): boolean {
    return !this.open;
  }
  /** Whether what was sent still waits for the other side to read. */
  get congested(): boolean {
    return this.unsent > 0;
  }

  /** An HPACK block. */
  respond(block: Uint8Array, endStream = false): void {
    if (!this.open) return;
    this.connection.out.headers(this.id, block, endStream);
    if (endStream) this.close();
  }
  /** Bytes, in parts that follow each other, that must not change afterwards. */
  write(parts: readonly Uint8Array[]): void {
    if (!this.open) return;
    const waited = this.unsent > 0;
    for (const part of parts) {
      if (part.length === 0) continue;
      // Once here, not for each of its frames.
      this.queue.push(part instanceof Buffer ? part : Buffer.from(part.buffer, part.byteOffset, part.length));
      this.unsent += part.length;
    }
    if (!waited) this.connection.flow.send(this);
  }
  /** Puts the next `size` bytes into `out`. */
  give(size: number, out: Outgoing): void {
    this.unsent -= size;
    for (let left = size; left > 0; ) {
      const part = this.queue[0]!;
      const end = Math.min(part.length, this.queueAt + left);
      out.put(end - this.queueAt === part.length ? part : part.subarray(this.queueAt, end));
      left -= end - this.queueAt;
      this.queueAt = end;
      if (end < part.length) return;
      this.queue.shift();
      this.queueAt = 0;
    }
  }
  /** Ends the stream behind all that was written; `trailers` is an HPACK block. */
  end(trailers?: Uint8Array): void {
    if (!this.open) return;
    this.trailers = trailers;
    this.endAfter = true;
    if (this.unsent === 0) this.sendEnd();
  }
  reset(error: number): void {
    if (!this.open) return;
    this.connection.out.reset(this.id, error);
    this.close();
  }
  /** Resolves when all that was written is on its way, or the stream is over. */
  async drained(): Promise<void> {
    if (this.unsent === 0 || !this.open) return;
    await new Promise<void>(resolve => this.waiting.push(resolve));
  }
  /** `bytes` given to the reader have been dealt with: the other side may send as many more. */
  consumed(bytes: number): void {
    this.unread -= bytes;
    if (this.open) this.connection.flow.consumed(this, bytes);
  }

  pump(): void {
    if (!this.connection.flow.send(this)) return;
    this.wake();
    if (this.endAfter) this.sendEnd();
  }
  endOfInput(): void {
    this.remoteEnded = true;
    this.reader?.end();
  }
  lost(): void {
    if (!this.open) return;
    this.close();
    this.reader?.gone();
  }
  /** Nothing is done for it any more; to be called once. */
  finished(): void {
    this.isFinished = true;
    if (!this.open) this.connection.release();
  }

  private sendEnd(): void {
    const { out } = this.connection;
    if (this.trailers) out.headers(this.id, this.trailers, true);
    else out.endOfData(this.id);
    // What the other side still sends is not wanted.
    if (!this.remoteEnded) out.reset(this.id, fault.none);
    this.close();
  }
  private close(): void {
    this.open = false;
    this.queue = [];
    this.unsent = 0;
    this.connection.forget(this);
    this.wake();
  }
  private wake(): void {
    if (this.waiting.length === 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
