import { DEFAULT_FRAME, DEFAULT_WINDOW, fault } from "./http2frames.ts";
import type { Outgoing } from "./http2outgoing.ts";
import type { Http2Stream } from "./http2stream.ts";

const MAX_WINDOW = 2 ** 31 - 1;
/** Bytes of a DATA frame, if the other side takes such. */
const MAX_FRAME = 1024 * 1024;
/** Bytes that the socket has not taken, above which nothing more is read from it or framed for it. */
const CONGESTED = 1024 * 1024;

/** Flow control: how much each side may send, on the connection and on each stream. What answers a number answers the connection's error. */
export class Flow {
  private readonly out: Outgoing;
  /** Bytes that one stream may have on its way to us unread; the connection's window is never what holds them up. */
  private readonly window: number;
  /** What we have taken from the connection and not told. */
  private taken = 0;
  /** What we may still send. */
  private sendWindow = DEFAULT_WINDOW;
  private theirWindow = DEFAULT_WINDOW;
  private theirFrame = DEFAULT_FRAME;
  /** Streams with bytes that wait for a window. */
  private readonly blocked = new Set<Http2Stream>();

  constructor(out: Outgoing, window: number) {
    this.out = out;
    this.window = window;
  }
  /** To be said at the beginning. */
  greet(): void {
    this.out.window(0, this.window * 4 - DEFAULT_WINDOW);
  }
  /** What a new stream may send. */
  get initialWindow(): number {
    return this.theirWindow;
  }
  /** Whether the socket has so much to send that nothing more should be read from it. */
  get isCongested(): boolean {
    return this.out.waiting > CONGESTED;
  }

  /** What a stream has to send, as far as the windows let it; says whether that was all. */
  send(stream: Http2Stream): boolean {
    while (stream.unsent > 0) {
      const size = Math.min(stream.unsent, this.theirFrame, this.sendWindow, stream.sendWindow);
      if (size <= 0 || this.isCongested) {
        this.blocked.add(stream);
        return false;
      }
      this.out.data(stream.id, size);
      stream.give(size, this.out);
      this.sendWindow -= size;
      stream.sendWindow -= size;
    }
    return true;
  }
  /** Lets the streams that wait go on, one after another, as far as the windows reach. */
  pump(): void {
    if (this.blocked.size === 0) return;
    const waiting = [...this.blocked];
    this.blocked.clear();
    for (const stream of waiting) stream.pump();
  }
  /** The stream has nothing to send any more. */
  forget(stream: Http2Stream): void {
    this.blocked.delete(stream);
  }
  /** The other side lets us send so many bytes more, on all streams together. */
  opened(more: number): number {
    this.sendWindow += more;
    if (this.sendWindow > MAX_WINDOW) return fault.flowControl;
    this.pump();
    return fault.none;
  }
  /** The same, on one. */
  openedOn(stream: Http2Stream, more: number): number {
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) return fault.flowControl;
    if (this.blocked.delete(stream)) stream.pump();
    return fault.none;
  }
  /** A setting of the other side: what a stream may send before it says more. */
  setWindow(value: number, streams: Iterable<Http2Stream>): number {
    if (value > MAX_WINDOW) return fault.flowControl;
    for (const stream of streams) stream.sendWindow += value - this.theirWindow;
    this.theirWindow = value;
    return fault.none;
  }
  /** The same: how long a frame may be. */
  setFrame(value: number): number {
    if (value < DEFAULT_FRAME || value > 0xff_ffff) return fault.protocol;
    this.theirFrame = Math.min(value, MAX_FRAME);
    return fault.none;
  }

  /** DATA of so many bytes has come. The connection's window opens as soon as it is here: each stream's own bounds what is kept. */
  received(size: number): void {
    this.taken += size;
    if (this.taken < this.window) return;
    this.out.window(0, this.taken);
    this.taken = 0;
  }
  /** It is the stream's, unread. */
  receivedOn(stream: Http2Stream, size: number): number {
    stream.unread += size;
    return stream.unread + stream.taken > this.window ? fault.flowControl : fault.none;
  }
  /** `bytes` of a stream's DATA have been read by its owner. */
  consumed(stream: Http2Stream, bytes: number): void {
    stream.taken += bytes;
    if (stream.remoteEnded || stream.taken < this.window / 2) return;
    this.out.window(stream.id, stream.taken);
    stream.taken = 0;
  }
}
