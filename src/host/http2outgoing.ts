import type { Duplex } from "node:stream";
import { FRAME_HEAD, flag, frame } from "./http2frames.ts";

const SLAB = 16 * 1024;
/** Pieces above this are sent as they lie, not copied. */
const COPY = 4 * 1024;
const NOTHING = Buffer.alloc(0);

/** The frames of a connection that go out: gathers what one turn of the event loop has to say and gives it to the socket at once. */
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

  settings(values: readonly (readonly [name: number, value: number])[]): void {
    this.head(values.length * 6, frame.settings, 0, 0);
    for (const [name, value] of values) {
      this.put(Buffer.of(0, name));
      this.u32(value);
    }
  }
  settingsTaken(): void {
    this.head(0, frame.settings, flag.ack, 0);
    this.put(NOTHING);
  }
  pong(payload: Buffer): void {
    this.head(payload.length, frame.ping, flag.ack, 0);
    this.put(payload);
  }
  /** `block`: HPACK. */
  headers(stream: number, block: Uint8Array, endStream: boolean): void {
    this.head(block.length, frame.headers, flag.endHeaders | (endStream ? flag.endStream : 0), stream);
    this.put(block);
  }
  /** `size` bytes of DATA are to follow with `put`. */
  data(stream: number, size: number): void {
    this.head(size, frame.data, 0, stream);
  }
  endOfData(stream: number): void {
    this.head(0, frame.data, flag.endStream, stream);
    this.put(NOTHING);
  }
  /** Stream 0: the connection. */
  window(stream: number, more: number): void {
    this.head(4, frame.window, 0, stream);
    this.u32(more);
  }
  reset(stream: number, error: number): void {
    this.head(4, frame.reset, 0, stream);
    this.u32(error);
  }
  goAway(lastStream: number, error: number): void {
    this.head(8, frame.goAway, 0, 0);
    this.u32(lastStream);
    this.u32(error);
  }

  /** More of the frame that was begun; `bytes` must not change afterwards when there are more than a few KiB. */
  put(bytes: Uint8Array): void {
    const { length } = bytes;
    this.held += length;
    if (length > COPY) {
      this.cut();
      this.parts.push(bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, length));
    } else {
      this.room(length);
      if (length < 32) for (let i = 0; i < length; i++) this.slab[this.at + i] = bytes[i]!;
      else this.slab.set(bytes, this.at);
      this.at += length;
    }
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

  private head(length: number, type: number, flags: number, stream: number): void {
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
  private u32(value: number): void {
    this.room(4);
    this.slab.writeUInt32BE(value, this.at);
    this.at += 4;
    if (!this.scheduled) this.schedule();
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
