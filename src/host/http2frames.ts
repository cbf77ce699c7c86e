/** HTTP/2's frames (RFC 9113): their kinds, flags and errors, and the buffer into which outgoing ones are put together. */
import type { Duplex } from "node:stream";

export const frame = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
} as const;
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
export const fault = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;
export const FRAME_HEAD = 9;
/** What both sides hold to until SETTINGS say otherwise. */
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_FRAME = 16_384;
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

const SLAB = 16 * 1024;
/** Pieces above this are sent as they lie, not copied. */
const COPY = 4 * 1024;

/** Gathers what one turn of the event loop has to say and gives it to the socket at once. */
export class Outgoing {
  private readonly socket: Duplex;
  private slab = Buffer.allocUnsafeSlow(SLAB);
  private start = 0;
  private at = 0;
  private parts: Buffer[] = [];
  private held = 0;
  private scheduled = false;
  private readonly onTurn = () => this.flush();

  constructor(socket: Duplex) {
    this.socket = socket;
  }
  /** Bytes that the socket has not taken yet. */
  get waiting(): number {
    return this.held + this.socket.writableLength;
  }
  /** Begins a frame; its payload of `length` bytes is to follow with `put`. */
  head(length: number, type: number, flags: number, stream: number): void {
    this.room(FRAME_HEAD);
    const { slab, at } = this;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab[at + 5] = stream >>> 24;
    slab[at + 6] = stream >>> 16;
    slab[at + 7] = stream >>> 8;
    slab[at + 8] = stream;
    this.at = at + FRAME_HEAD;
  }
  /** `bytes` must not change afterwards when there are more than a few KiB. */
  put(bytes: Uint8Array): void {
    const { length } = bytes;
    this.held += length;
    if (length > COPY) {
      this.cut();
      this.parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    } else {
      this.room(length);
      if (length < 32) for (let i = 0; i < length; i++) this.slab[this.at + i] = bytes[i]!;
      else this.slab.set(bytes, this.at);
      this.at += length;
    }
    if (!this.scheduled) this.schedule();
  }
  u32(value: number): void {
    this.room(4);
    this.slab.writeUInt32BE(value, this.at);
    this.at += 4;
    if (!this.scheduled) this.schedule();
  }
  flush(): void {
    this.scheduled = false;
    this.held = 0;
    this.cut();
    const { parts, socket } = this;
    if (parts.length === 0) return;
    this.parts = [];
    if (socket.destroyed) return;
    if (parts.length === 1) {
      socket.write(parts[0]!);
      return;
    }
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }

  private schedule(): void {
    this.scheduled = true;
    // After all promises that are settled by now have run: a group of answers is one write.
    process.nextTick(this.onTurn);
  }
  private room(size: number): void {
    if (this.at + size <= SLAB) return;
    this.cut();
    this.slab = Buffer.allocUnsafeSlow(SLAB);
    this.start = this.at = 0;
  }
  private cut(): void {
    if (this.at === this.start) return;
    this.parts.push(this.slab.subarray(this.start, this.at));
    this.start = this.at;
  }
}
