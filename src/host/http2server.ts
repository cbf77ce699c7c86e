/**
 * The server's side of one HTTP/2 connection (RFC 9113), over any socket: small, because it does only what calls need, and several
 * times as fast as node:http2, whose streams cost more than a put does. Whatever the other side sends is bounded: headers, streams,
 * what is buffered in either direction; a socket that is not read from is not read.
 *
 * http2reader.ts finds frames in what comes, http2blocks.ts unpacks headers, http2stream.ts is what a call speaks to, http2flow.ts
 * lets it send, http2outgoing.ts writes frames; here is what each frame means to the connection.
 */
import type { Socket } from "node:net";
import type { Peer } from "#base/http.ts";
import type { Headers } from "./hpack.ts";
import { HeaderBlocks } from "./http2blocks.ts";
import { Flow } from "./http2flow.ts";
import { fault, flag, frame } from "./http2frames.ts";
import { Outgoing } from "./http2outgoing.ts";
import { FrameReader, type FrameTaker } from "./http2reader.ts";
import { Http2Stream, type StreamOwner } from "./http2stream.ts";

export interface Http2Options {
  readonly streams: number;
  /** Bytes that one stream may have on its way to us unread, and the whole connection. */
  readonly window: number;
  readonly peer: Peer | undefined;
  /** A stream with its headers. It counts among `streams` until it is closed and its owner has called `finished`. */
  readonly onStream: (stream: Http2Stream) => void;
}

/** Stream resets by the other side, more than its answered streams, that are taken for an attack. */
const RESETS = 10_000;
/** Names of settings. */
const setting = { streams: 3, window: 4, frame: 5 } as const;

export class Http2Connection implements StreamOwner, FrameTaker {
  readonly peer: Peer | undefined;
  readonly out: Outgoing;
  readonly flow: Flow;
  private readonly options: Http2Options;
  private readonly socket: Socket;
  private readonly reader = new FrameReader(this);
  private readonly blocks = new HeaderBlocks((id, flags, headers) => this.onHeaders(id, flags, headers));
  private readonly streams = new Map<number, Http2Stream>();
  /** Streams that are open or still worked for. */
  private busy = 0;
  private lastStream = 0;
  private resets = 0;
  private leaving = false;

  constructor(socket: Socket, options: Http2Options) {
    this.socket = socket;
    this.options = options;
    this.peer = options.peer;
    this.out = new Outgoing(socket);
    this.flow = new Flow(this.out, options.window);
    socket.on("data", chunk => this.take(chunk as Buffer));
    socket.on("drain", () => this.drained());
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => this.closed());
    this.out.settings([
      [setting.streams, options.streams],
      [setting.window, options.window],
    ]);
    this.flow.greet();
  }

  /** Takes no new streams; closes when those under way have ended. */
  leave(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.out.goAway(this.lastStream, fault.none);
    this.endIfIdle();
  }
  destroy(): void {
    this.socket.destroy();
  }

  forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.flow.forget(stream);
    if (stream.isFinished) this.release();
  }
  release(): void {
    this.busy--;
    this.endIfIdle();
  }

  get takesData(): boolean {
    return this.blocks.unfinished === undefined;
  }
  data(flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (id === 0 || id > this.lastStream) return fault.protocol;
    const size = end - at;
    if (flags & flag.padded) {
      const padding = bytes[at]!;
      at++;
      end -= padding;
      if (at > end) return fault.protocol;
    }
    this.flow.received(size);
    const stream = this.streams.get(id);
    if (!stream) return fault.none;
    if (stream.remoteEnded) return fault.streamClosed;
    const error = this.flow.receivedOn(stream, size);
    if (error !== fault.none) return error;
    if (at < end) stream.reader?.data(bytes.subarray(at, end));
    if (end - at < size) stream.consumed(size - (end - at));
    if (flags & flag.endStream) stream.endOfInput();
    return fault.none;
  }
  frame(type: number, flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    const { unfinished } = this.blocks;
    if (unfinished !== undefined && (type !== frame.continuation || id !== unfinished)) return fault.protocol;
    switch (type) {
      case frame.headers:
        return this.blocks.begin(flags, id, bytes, at, end);
      case frame.continuation:
        return this.blocks.goOn(flags, bytes.subarray(at, end));
      case frame.reset:
        return this.onReset(id, end - at);
      case frame.settings:
        return this.onSettings(flags, id, bytes, at, end);
      case frame.ping:
        if (id !== 0 || end - at !== 8) return fault.protocol;
        if ((flags & flag.ack) === 0) this.out.pong(bytes.subarray(at, end));
        return fault.none;
      case frame.window:
        return this.onWindow(id, bytes, at, end);
      case frame.push:
        return fault.protocol;
      default:
        return fault.none; // PRIORITY and what is not known are ignored; GOAWAY's streams end by themselves
    }
  }

  private onHeaders(id: number, flags: number, headers: Headers): number {
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
      this.out.reset(id, fault.refused);
      return fault.none;
    }
    const stream = new Http2Stream(this, id, headers, this.flow.initialWindow);
    this.streams.set(id, stream);
    this.busy++;
    if (flags & flag.endStream) stream.remoteEnded = true;
    this.options.onStream(stream);
    if (flags & flag.endStream) stream.reader?.end();
    return fault.none;
  }
  private onReset(id: number, length: number): number {
    if (id === 0 || id > this.lastStream || length !== 4) return fault.protocol;
    const stream = this.streams.get(id);
    if (!stream) return fault.none;
    stream.lost();
    return ++this.resets > RESETS ? fault.calm : fault.none;
  }
  private onSettings(flags: number, id: number, bytes: Buffer, at: number, end: number): number {
    if (id !== 0 || (end - at) % 6 !== 0) return fault.protocol;
    if (flags & flag.ack) return fault.none;
    for (let i = at; i < end; i += 6) {
      const name = bytes.readUInt16BE(i);
      const value = bytes.readUInt32BE(i + 2);
      let error: number = fault.none;
      if (name === setting.window) error = this.flow.setWindow(value, this.streams.values());
      else if (name === setting.frame) error = this.flow.setFrame(value);
      if (error !== fault.none) return error;
    }
    this.out.settingsTaken();
    this.flow.pump();
    return fault.none;
  }
  private onWindow(id: number, bytes: Buffer, at: number, end: number): number {
    if (end - at !== 4) return fault.frameSize;
    const more = bytes.readUInt32BE(at) & 0x7fff_ffff;
    if (id === 0) return this.flow.opened(more);
    const stream = this.streams.get(id);
    return stream ? this.flow.openedOn(stream, more) : fault.none;
  }

  private take(chunk: Buffer): void {
    if (this.socket.writableEnded) return;
    const error = this.reader.take(chunk);
    if (error === undefined) this.socket.destroy();
    else if (error !== fault.none) this.fail(error);
    else if (this.flow.isCongested) this.socket.pause();
  }
  private fail(error: number): void {
    this.out.goAway(this.lastStream, error);
    this.out.flush();
    this.leaving = true;
    this.socket.destroySoon();
  }
  private endIfIdle(): void {
    if (!this.leaving || this.busy > 0) return;
    this.out.flush();
    this.socket.end();
  }
  private drained(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.flow.pump();
  }
  private closed(): void {
    for (const stream of [...this.streams.values()]) stream.lost();
  }
}
