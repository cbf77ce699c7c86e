/**
 * SPDY/3.1 over a Pipe, both as server and as client, as far as Kubernetes' streams use it. Flow control: Kubernetes' own
 * library has none. It neither grants windows (a sender that kept to them would stall for ever) nor reads grants in time
 * (a connection that it closes while grants lie unread is reset, and its last data lost). So windows count from when the
 * other side has shown that it knows them: by a SETTINGS or WINDOW_UPDATE frame, or by stopping for a while at exactly a full window.
 */
import type { Pipe } from "#base/http.ts";
import { byteQueue } from "#base/pipes.ts";
import {
  controlFrame,
  dataFrame,
  FLAG_FIN,
  type Frame,
  FrameReader,
  frameType,
  HeaderCodec,
  INITIAL_WINDOW,
  SETTING_INITIAL_WINDOW,
  type SpdyHeaders,
  words,
} from "./spdyframes.ts";

export interface SpdyStream extends Pipe {
  readonly id: number;
  readonly headers: SpdyHeaders;
}
export interface SpdySession {
  /** Opens a stream; resolves when the other side has replied. */
  open(headers: SpdyHeaders): Promise<SpdyStream>;
  /** Streams that the other side opens, each already replied to. */
  readonly streams: AsyncIterable<SpdyStream>;
  /** Says goodbye and ends the connection after what was written. */
  close(): void;
  readonly closed: Promise<void>;
}
/** Bytes that may wait on one stream before no more is read from the connection. */
const STREAM_BUFFER = 256 * 1024;
/** Streams of one connection that are open at once. */
const MAX_STREAMS = 1000;
const MAX_DATA = 32 * 1024;
/** Milliseconds that the other side has to close after our goodbye. */
const CLOSE_TIMEOUT = 5000;
/** Milliseconds without more after exactly a full window: the other side waits for a grant. */
const STALLED = 100;
const PROTOCOL_ERROR = 1;
const CANCEL = 5;

interface Open {
  readonly stream: SpdyStream;
  readonly incoming: ReturnType<typeof byteQueue>;
  remoteEnded: boolean;
  localEnded: boolean;
  sendWindow: number;
  /** Bytes received since the last grant. */
  ungranted: number;
  readonly finish: (error?: Error) => void;
  replied: ((error?: Error) => void) | undefined;
}

export function spdySession(pipe: Pipe, role: "server" | "client"): SpdySession {
  const codec = new HeaderCodec();
  const open = new Map<number, Open>();
  let nextId = role === "client" ? 1 : 2;
  let over: Error | undefined;
  let accepted: ((stream: SpdyStream | undefined) => void)[] = [];
  const waiting: SpdyStream[] = [];
  let resume: (() => void) | undefined;
  let peerKeepsWindows = false;
  let initialWindow = INITIAL_WINDOW;
  const session = { sendWindow: INITIAL_WINDOW, ungranted: 0 };
  let blocked: (() => void)[] = [];
  let finished: () => void = () => {};
  const closed = new Promise<void>(resolve => {
    finished = resolve;
  });

  const send = async (bytes: Uint8Array) => {
    if (over !== undefined) throw over;
    await pipe.write(bytes);
  };
  /** For frames that nobody waits for. */
  const post = (bytes: Uint8Array) => {
    send(bytes).catch(() => {});
  };
  /** Compression keeps state: header frames must leave in the order in which they were compressed. */
  let headerTurn: Promise<void> = Promise.resolve();
  function sendHeaders(type: number, prefix: Uint8Array, headers: SpdyHeaders): Promise<void> {
    const mine = headerTurn.then(async () => send(controlFrame(type, 0, Buffer.concat([prefix, await codec.encode(headers)]))));
    headerTurn = mine.catch(() => {});
    return mine;
  }

  function grant(id: number, to: { ungranted: number }): void {
    const send = () => {
      if (over !== undefined || (id !== 0 && open.get(id)?.remoteEnded !== false)) return;
      post(controlFrame(frameType.windowUpdate, 0, words(id, to.ungranted)));
      to.ungranted = 0;
    };
    if (peerKeepsWindows) {
      if (to.ungranted >= INITIAL_WINDOW / 2) send();
    } else if (to.ungranted === INITIAL_WINDOW) {
      // One that knows no windows comes by here as well, and goes on.
      setTimeout(() => {
        if (to.ungranted === INITIAL_WINDOW) send();
      }, STALLED).unref();
    }
  }
  function unblock(): void {
    for (const go of blocked) go();
    blocked = [];
  }
  async function writeData(entry: Open, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (over !== undefined) throw over;
      if (entry.localEnded) throw new Error("the stream is closed");
      const window = peerKeepsWindows ? Math.min(entry.sendWindow, session.sendWindow) : MAX_DATA;
      if (window <= 0) {
        await new Promise<void>(resolve => blocked.push(resolve));
        continue;
      }
      const part = bytes.subarray(at, at + Math.min(window, MAX_DATA));
      at += part.length;
      entry.sendWindow -= part.length;
      session.sendWindow -= part.length;
      await send(dataFrame(entry.stream.id, 0, part));
    }
  }

  function addStream(id: number, headers: SpdyHeaders, remoteEnded: boolean): Open {
    let finish: () => void = () => {};
    const streamClosed = new Promise<void>(resolve => {
      finish = resolve;
    });
    const incoming = byteQueue(() => {
      grant(id, entry);
      grant(0, session);
      if (incoming.size <= STREAM_BUFFER) resume?.();
    });
    if (remoteEnded) incoming.end();
    const entry: Open = {
      incoming,
      remoteEnded,
      localEnded: false,
      sendWindow: initialWindow,
      ungranted: 0,
      replied: undefined,
      finish(error) {
        open.delete(id);
        entry.localEnded = true;
        entry.remoteEnded = true;
        incoming.end(error);
        entry.replied?.(error ?? new Error("the stream was refused"));
        finish();
        resume?.();
        unblock();
      },
      stream: {
        id,
        headers,
        incoming,
        closed: streamClosed,
        write: bytes => writeData(entry, bytes),
        end() {
          if (entry.localEnded) return;
          entry.localEnded = true;
          post(dataFrame(id, FLAG_FIN, new Uint8Array(0)));
          if (entry.remoteEnded) entry.finish();
        },
        destroy() {
          if (!open.has(id)) return;
          post(controlFrame(frameType.rstStream, 0, words(id, CANCEL)));
          entry.finish();
        },
      },
    };
    open.set(id, entry);
    return entry;
  }

  async function handle(frame: Frame): Promise<void> {
    const { body } = frame;
    if (frame.type === undefined) {
      const entry = open.get(frame.streamId);
      if (entry === undefined || entry.remoteEnded) return;
      entry.ungranted += body.length;
      session.ungranted += body.length;
      entry.incoming.push(Buffer.from(body));
      if ((frame.flags & FLAG_FIN) !== 0) endIncoming(entry);
      else if (entry.incoming.size > STREAM_BUFFER) {
        // No flow control on the other side: the connection's own back-pressure has to do.
        await new Promise<void>(resolve => {
          resume = resolve;
        });
        resume = undefined;
      }
      return;
    }
    const id = body.length >= 4 ? body.readUInt32BE(0) & 0x7fffffff : 0;
    switch (frame.type) {
      case frameType.synStream: {
        const headers = await codec.decode(body.subarray(10));
        if (open.size >= MAX_STREAMS || id === 0 || open.has(id)) {
          post(controlFrame(frameType.rstStream, 0, words(id, PROTOCOL_ERROR)));
          return;
        }
        const entry = addStream(id, headers, (frame.flags & FLAG_FIN) !== 0);
        await sendHeaders(frameType.synReply, words(id), {});
        const taker = accepted.shift();
        if (taker !== undefined) taker(entry.stream);
        else waiting.push(entry.stream);
        return;
      }
      case frameType.synReply: {
        await codec.decode(body.subarray(4));
        const entry = open.get(id);
        entry?.replied?.();
        if (entry !== undefined && (frame.flags & FLAG_FIN) !== 0) endIncoming(entry);
        return;
      }
      case frameType.headers: {
        await codec.decode(body.subarray(4));
        const entry = open.get(id);
        if (entry !== undefined && (frame.flags & FLAG_FIN) !== 0) endIncoming(entry);
        return;
      }
      case frameType.rstStream:
        // Kubernetes' library resets every stream when it closes a connection in good order: for the reader that is an end.
        open.get(id)?.finish();
        return;
      case frameType.settings:
        for (let at = 4; at + 8 <= body.length; at += 8) {
          if ((body.readUInt32BE(at) & 0xffffff) !== SETTING_INITIAL_WINDOW) continue;
          const window = body.readUInt32BE(at + 4);
          for (const entry of open.values()) entry.sendWindow += window - initialWindow;
          initialWindow = window;
          peerKeepsWindows = true;
        }
        unblock();
        return;
      case frameType.windowUpdate: {
        const delta = body.readUInt32BE(4) & 0x7fffffff;
        peerKeepsWindows = true;
        const entry = open.get(id);
        if (id === 0) session.sendWindow += delta;
        else if (entry !== undefined) entry.sendWindow += delta;
        unblock();
        return;
      }
      case frameType.ping:
        // A ping of ours would have our parity; we send none.
        post(controlFrame(frameType.ping, 0, body));
        return;
      case frameType.goAway:
        return;
    }
  }
  function endIncoming(entry: Open): void {
    entry.remoteEnded = true;
    entry.incoming.end();
    if (entry.localEnded) entry.finish();
  }
  function shut(error: Error): void {
    if (over !== undefined) return;
    over = error;
    for (const entry of [...open.values()]) entry.finish(error);
    for (const taker of accepted) taker(undefined);
    accepted = [];
    unblock();
    codec.close();
    finished();
  }

  const read = async () => {
    const reader = new FrameReader();
    try {
      for await (const chunk of pipe.incoming) {
        for (const frame of reader.push(chunk)) await handle(frame);
      }
      shut(new Error("the connection was closed"));
    } catch (error) {
      shut(error as Error);
    }
    pipe.destroy();
  };
  void read();

  return {
    closed,
    async open(headers) {
      if (over !== undefined) throw over;
      const id = nextId;
      nextId += 2;
      const entry = addStream(id, headers, false);
      const replied = new Promise<void>((resolve, reject) => {
        entry.replied = error => {
          entry.replied = undefined;
          if (error === undefined) resolve();
          else reject(error);
        };
      });
      sendHeaders(frameType.synStream, Buffer.concat([words(id, 0), Buffer.alloc(2)]), headers).catch(error => entry.finish(error));
      await replied;
      return entry.stream;
    },
    streams: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const ready = waiting.shift();
          if (ready !== undefined) yield ready;
          else if (over !== undefined) return;
          else {
            const next = await new Promise<SpdyStream | undefined>(resolve => accepted.push(resolve));
            if (next === undefined) return;
            yield next;
          }
        }
      },
    },
    close() {
      if (over !== undefined) return;
      // Header frames that are still being compressed go out first.
      void headerTurn.then(() => {
        post(controlFrame(frameType.goAway, 0, words(0, 0)));
        shut(new Error("the connection was closed"));
        pipe.end();
        // The other side closes when it has read everything; one that does not is cut off.
        const timer = setTimeout(() => pipe.destroy(), CLOSE_TIMEOUT);
        timer.unref();
        void pipe.closed.then(() => clearTimeout(timer));
      });
    },
  };
}
