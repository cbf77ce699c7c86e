/**
 * The server's side of one HTTP/2 connection (RFC 9113), over any socket: small, because it does only what calls need, and several
 * times as fast as node:http2, whose streams cost more than a put does. Whatever the other side sends is bounded: headers, streams,
 * what is buffered in either direction; a socket that is not read from is not read.
 */
import type { Socket } from "node:net";
import type { Peer } from "#base/http.ts";
import { type Headers, HpackError, HpackReader } from "./hpack.ts";
import { DEFAULT_FRAME, DEFAULT_WINDOW, FRAME_HEAD, fault, flag, frame, Outgoing, PREFACE } from "./http2frames.ts";

export interface Http2Options {
  readonly streams: number;
  /** Bytes that one stream may have on its way to us unread, and the whole connection. */
  readonly window: number;
  readonly peer: Peer | undefined;
  /** A stream with its headers. It counts among `streams` until it is closed and its owner has called `finished`. */
  readonly onStream: (stream: Http2Stream) => void;
}
/** What a stream's owner wants to hear. */
export interface Reader {
  data(bytes: Buffer): void;
  /** The other side sends no more. */
  end(): void;
  /** The stream is over, by reset or with its connection. */
  gone(): void;
}

const HEADER_BYTES = 64 * 1024;
const MAX_WINDOW = 2 ** 31 - 1;
/** Bytes that the socket has not taken, above which nothing more is read from it or framed for it. */
const CONGESTED = 1024 * 1024;
/** Stream resets by the other side, more than its answered streams, that are taken for an attack. */
const RESETS = 10_000;

export class Http2Connection {
  readonly peer: Peer | undefined;
  readonly out: Outgoing;
  private readonly options: Http2Options;
  private readonly socket: Socket;
  private readonly headers = new HpackReader();
  private readonly streams = new Map<number, Http2Stream>();
  /** Streams that are open or still worked for. */
  private busy = 0;
  private lastStream = 0;
  /** The beginning of a preface or frame. */
  private begun: Buffer | undefined;
  /** Of a DATA frame that is handed on in pieces: bytes to come, its flags, its stream. */
  private dataLeft = 0;
  private dataFlags = 0;
  private dataStream = 0;
  private greeted = false;
  private block: { stream: number; flags: number; parts: Buffer[]; size: number } | undefined;
  /** What we may still send; what we have taken and not told. */
  private sendWindow = DEFAULT_WINDOW;
  private taken = 0;
  private theirWindow = DEFAULT_WINDOW;
  private theirFrame = DEFAULT_FRAME;
  /** Streams with bytes that wait for a window. */
  private readonly blocked = new Set<Http2Stream>();
  private resets = 0;
  private leaving = false;

  constructor(socket: Socket, options: Http2Options) {
    this.socket = socket;
    this.options = options;
    this.peer = options.peer;
    this.out = new Outgoing(socket);
    socket.on("data", chunk => this.take(chunk as Buffer));
    socket.on("drain", () => this.drained());
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => this.closed());
    this.out.head(12, frame.settings, 0, 0);
    this.setting(3, options.streams);
    this.setting(4, options.window);
    this.out.head(4, frame.window, 0, 0);
    this.out.u32(options.window * 4 - DEFAULT_WINDOW);
  }

  /** Takes no new streams; closes when those under way have ended. */
  leave(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.goAway(fault.none);
    this.endIfIdle();
  }
  destroy(): void {
    this.socket.destroy();
  }

  /** What a stream has to send, as far as the windows let it; says whether that was all. */
  sendData(stream: Http2Stream): boolean {
    while (stream.unsent > 0) {
      const size = Math.min(stream.unsent, this.theirFrame, this.sendWindow, stream.sendWindow);
      if (size <= 0 || this.out.waiting > CONGESTED) {
        this.blocked.add(stream);
        return false;
      }
      this.out.head(size, frame.data, 0, stream.id);
      stream.give(size, this.out);
      this.sendWindow -= size;
      stream.sendWindow -= size;
    }
    return true;
  }
  sendHeaders(stream: number, block: Uint8Array, endStream: boolean): void {
    this.out.head(block.length, frame.headers, flag.endHeaders | (endStream ? flag.endStream : 0), stream);
    this.out.put(block);
  }
  sendReset(stream: number, error: number): void {
    this.out.head(4, frame.reset, 0, stream);
    this.out.u32(error);
  }
  /** `bytes` of a stream's DATA have been read by its owner. */
  consumed(stream: Http2Stream, bytes: number): void {
    stream.taken += bytes;
    if (stream.remoteEnded || stream.taken < this.options.window / 2) return;
    this.out.head(4, frame.window, 0, stream.id);
    this.out.u32(stream.taken);
    stream.taken = 0;
  }
  forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.blocked.delete(stream);
    if (stream.isFinished) this.release();
  }
  release(): void {
    this.busy--;
    this.endIfIdle();
  }

  private endIfIdle(): void {
    if (!this.leaving || this.busy > 0) return;
    this.out.flush();
    this.socket.end();
  }
  private setting(name: number, value: number): void {
    this.out.put(Buffer.of(0, name));
    this.out.u32(value);
  }
  private goAway(error: number): void {
    this.out.head(8, frame.goAway, 0, 0);
    this.out.u32(this.lastStream);
    this.out.u32(error);
  }
  private fail(error: number): void {
    this.goAway(error);
    this.out.flush();
    this.leaving = true;
    this.socket.destroySoon();
  }

  private take(chunk: Buffer): void {
    if (this.socket.writableEnded) return;
    let at = 0;
    if (!this.greeted) {
      const bytes = this.begun ? Buffer.concat([this.begun, chunk]) : chunk;
      if (bytes.length < PREFACE.length) {
        this.begun = bytes;
        return;
      }
      if (!bytes.subarray(0, PREFACE.length).equals(PREFACE)) {
        this.socket.destroy();
        return;
      }
      at = PREFACE.length - (bytes.length - chunk.length);
      this.begun = undefined;
      this.greeted = true;
    }
    while (at < chunk.length) {
      const next = this.begun ? this.goOn(this.begun, chunk, at) : this.step(chunk, at);
      if (next < 0) return this.fail(-next);
      at = next;
    }
    if (this.out.waiting > CONGESTED) this.socket.pause();
  }
  /** What can be done with `bytes` from `at` on, where a frame, or more of DATA, begins; answers how far it came, or an error below 0. */
  private step(bytes: Buffer, at: number): number {
    if (this.dataLeft > 0) {
      const end = Math.min(bytes.length, at + this.dataLeft);
      this.dataLeft -= end - at;
      const error = this.onData(this.dataLeft > 0 ? 0 : this.dataFlags, this.dataStream, bytes, at, end);
      return error === fault.none ? end : -error;
    }
    if (bytes.length - at < FRAME_HEAD) return this.keep(bytes, at);
    const length = lengthAt(bytes, at);
    if (length > DEFAULT_FRAME) return -fault.frameSize;
    const end = at + FRAME_HEAD + length;
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (end > bytes.length) {
      if (type !== frame.data || flags & flag.padded || this.block) return this.keep(bytes, at);
      // Long DATA goes to its reader as it comes: it is not put together twice.
      this.dataLeft = length;
      this.dataFlags = flags;
      this.dataStream = stream;
      return at + FRAME_HEAD;
    }
    const error = this.frame(type, flags, stream, bytes, at + FRAME_HEAD, end);
    return error === fault.none ? end : -error;
  }
  private keep(bytes: Buffer, at: number): number {
    this.begun = bytes.subarray(at);
    return bytes.length;
  }
  /** The same for a frame of which `begun` has come before; of `chunk` no more is copied than the frame needs. */
  private goOn(begun: Buffer, chunk: Buffer, at: number): number {
    const whole = begun.length < FRAME_HEAD ? FRAME_HEAD : FRAME_HEAD + lengthAt(begun, 0);
    const end = Math.min(chunk.length, at + whole - begun.length);
    this.begun = undefined;
    const done = this.step(Buffer.concat([begun, chunk.subarray(at, end)]), 0);
    return done < 0 ? done : end;
  }
  /** One frame, payload [at, end); answers the connection's error, if it is one. */
  private frame(type: number, flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (this.block && (type !== frame.continuation || id !== this.block.stream)) return fault.protocol;
    switch (type) {
      case frame.data:
        return this.onData(flags, id, bytes, at, end);
      case frame.headers:
        return this.onHeaders(flags, id, bytes, at, end);
      case frame.continuation:
        if (!this.block) return fault.protocol;
        return this.onBlock(this.block, flags, bytes.subarray(at, end));
      case frame.reset: {
        if (id === 0 || id > this.lastStream || end - at !== 4) return fault.protocol;
        const stream = this.streams.get(id);
        if (!stream) return fault.none;
        stream.lost();
        return ++this.resets > RESETS ? fault.calm : fault.none;
      }
      case frame.settings:
        return this.onSettings(flags, id, bytes, at, end);
      case frame.ping:
        if (id !== 0 || end - at !== 8) return fault.protocol;
        if ((flags & flag.ack) === 0) {
          this.out.head(8, frame.ping, flag.ack, 0);
          this.out.put(bytes.subarray(at, end));
        }
        return fault.none;
      case frame.window:
        return this.onWindow(id, bytes, at, end);
      case frame.push:
        return fault.protocol;
      default:
        return fault.none; // PRIORITY and what is not known are ignored; GOAWAY's streams end by themselves
    }
  }
  private onData(flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (id === 0 || id > this.lastStream) return fault.protocol;
    const size = end - at;
    if (flags & flag.padded) {
      const padding = bytes[at]!;
      at++;
      end -= padding;
      if (at > end) return fault.protocol;
    }
    // The connection's window opens as soon as bytes are here: each stream's own bounds what is kept.
    this.taken += size;
    if (this.taken >= this.options.window) {
      this.out.head(4, frame.window, 0, 0);
      this.out.u32(this.taken);
      this.taken = 0;
    }
    const stream = this.streams.get(id);
    if (!stream) return fault.none;
    if (stream.remoteEnded) return fault.streamClosed;
    stream.unread += size;
    if (stream.unread + stream.taken > this.options.window) return fault.flowControl;
    if (at < end) stream.reader?.data(bytes.subarray(at, end));
    if (end - at < size) stream.consumed(size - (end - at));
    if (flags & flag.endStream) stream.endOfInput();
    return fault.none;
  }
  private onHeaders(flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (id === 0 || id % 2 === 0) return fault.protocol;
    if (flags & flag.padded) {
      end -= bytes[at]!;
      at++;
    }
    if (flags & flag.priority) at += 5;
    if (at > end) return fault.protocol;
    if (flags & flag.endHeaders) return this.onBlockEnd(id, flags, bytes.subarray(at, end));
    this.block = { stream: id, flags, parts: [], size: 0 };
    return this.onBlock(this.block, 0, bytes.subarray(at, end));
  }
  private onBlock(block: NonNullable<typeof this.block>, flags: number, bytes: Buffer): number {
    block.parts.push(Buffer.from(bytes));
    block.size += bytes.length;
    if (block.size > HEADER_BYTES || block.parts.length > 64) return fault.calm;
    if ((flags & flag.endHeaders) === 0) return fault.none;
    this.block = undefined;
    return this.onBlockEnd(block.stream, block.flags, Buffer.concat(block.parts));
  }
  private onBlockEnd(id: number, flags: number, block: Buffer): number {
    let headers: Headers;
    try {
      headers = this.headers.read(block, HEADER_BYTES);
    } catch (error) {
      if (error instanceof HpackError) return fault.compression;
      throw error;
    }
    const known = this.streams.get(id);
    if (known) {
      // The request's trailers.
      if (known.remoteEnded || (flags & flag.endStream) === 0) return fault.protocol;
      known.endOfInput();
      return fault.none;
    }
    if (id <= this.lastStream) return fault.none; // of a stream that was reset
    if (this.leaving) return fault.none;
    this.lastStream = id;
    if (this.busy >= this.options.streams) {
      this.sendReset(id, fault.refused);
      return fault.none;
    }
    const stream = new Http2Stream(this, id, headers, this.theirWindow);
    this.streams.set(id, stream);
    this.busy++;
    if (flags & flag.endStream) stream.remoteEnded = true;
    this.options.onStream(stream);
    if (flags & flag.endStream) stream.reader?.end();
    return fault.none;
  }
  private onSettings(flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (id !== 0 || (end - at) % 6 !== 0) return fault.protocol;
    if (flags & flag.ack) return fault.none;
    for (let i = at; i < end; i += 6) {
      const name = bytes.readUInt16BE(i);
      const value = bytes.readUInt32BE(i + 2);
      if (name === 4) {
        if (value > MAX_WINDOW) return fault.flowControl;
        for (const stream of this.streams.values()) stream.sendWindow += value - this.theirWindow;
        this.theirWindow = value;
      } else if (name === 5) {
        if (value < DEFAULT_FRAME || value > 0xff_ffff) return fault.protocol;
        this.theirFrame = Math.min(value, 1024 * 1024);
      }
    }
    this.out.head(0, frame.settings, flag.ack, 0);
    this.out.put(NOTHING);
    this.pump();
    return fault.none;
  }
  private onWindow(id: number, bytes: Buffer, at: number, end: number): number {
    if (end - at !== 4) return fault.frameSize;
    const more = bytes.readUInt32BE(at) & 0x7fff_ffff;
    if (id === 0) {
      this.sendWindow += more;
      if (this.sendWindow > MAX_WINDOW) return fault.flowControl;
      this.pump();
      return fault.none;
    }
    const stream = this.streams.get(id);
    if (!stream) return fault.none;
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) return fault.flowControl;
    if (this.blocked.delete(stream)) stream.pump();
    return fault.none;
  }
  /** Lets the streams that wait go on, one after another, as far as the windows reach. */
  private pump(): void {
    if (this.blocked.size === 0) return;
    const waiting = [...this.blocked];
    this.blocked.clear();
    for (const stream of waiting) stream.pump();
  }
  private drained(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.pump();
  }
  private closed(): void {
    for (const stream of [...this.streams.values()]) stream.lost();
  }
}
const NOTHING = Buffer.alloc(0);
const lengthAt = (bytes: Buffer, at: number) => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;

/** One stream: headers are there, what comes goes to `reader`, what is sent waits for the windows. */
export class Http2Stream {
  readonly id: number;
  readonly headers: Headers;
  reader: Reader | undefined;
  remoteEnded = false;
  /** For the connection's books. */
  sendWindow: number;
  taken = 0;
  unread = 0;
  isFinished = false;
  private readonly connection: Http2Connection;
  private open = true;
  /** Bytes that wait to be sent, from `queueAt` of the first on; how many those are. */
  private queue: Uint8Array[] = [];
  private queueAt = 0;
  unsent = 0;
  private trailers: Uint8Array | undefined;
  private endAfter = false;
  private waiting: (() => void)[] = [];

  constructor(connection: Http2Connection, id: number, headers: Headers, sendWindow: number) {
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
    this.connection.sendHeaders(this.id, block, endStream);
    if (endStream) this.close();
  }
  /** Bytes, in parts that follow each other, that must not change afterwards. */
  write(parts: readonly Uint8Array[]): void {
    if (!this.open) return;
    const waited = this.unsent > 0;
    for (const part of parts) {
      if (part.length === 0) continue;
      this.queue.push(part);
      this.unsent += part.length;
    }
    if (!waited) this.connection.sendData(this);
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
    this.connection.sendReset(this.id, error);
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
    if (this.open) this.connection.consumed(this, bytes);
  }

  pump(): void {
    if (!this.connection.sendData(this)) return;
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
    if (this.trailers) this.connection.sendHeaders(this.id, this.trailers, true);
    else {
      this.connection.out.head(0, frame.data, flag.endStream, this.id);
      this.connection.out.put(NOTHING);
    }
    // What the other side still sends is not wanted.
    if (!this.remoteEnded) this.connection.sendReset(this.id, fault.none);
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
