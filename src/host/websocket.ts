/** The server's side of a WebSocket (RFC 6455) over a Pipe, for Kubernetes' stream protocols. */
import { createHash } from "node:crypto";
import type { Pipe } from "#base/http.ts";

export interface WebSocketMessage {
  readonly binary: boolean;
  readonly bytes: Uint8Array;
}
export interface WebSocketServer {
  /** Whole messages, pings answered on the way; ends when the client closes. Rejects when it breaks the protocol. */
  readonly messages: AsyncIterable<WebSocketMessage>;
  send(bytes: Uint8Array, binary?: boolean): Promise<void>;
  /** Sends a close frame and ends the connection. */
  close(code: number, reason: string): Promise<void>;
  /** Ends the connection as it is. */
  destroy(): void;
}
const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** One message; clients send some ten kilobytes at a time. */
const MAX_MESSAGE = 16 * 1024 * 1024;
/** How long a client may take to answer our close frame. */
const CLOSE_TIMEOUT = 2000;

/** The value of Sec-WebSocket-Accept. */
export function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

export function webSocketServer(pipe: Pipe): WebSocketServer {
  let closing = false;
  const send = (code: number, bytes: Uint8Array) => pipe.write(frame(code, bytes));

  async function* messages(): AsyncGenerator<WebSocketMessage> {
    let parts: Uint8Array[] = [];
    let size = 0;
    let first = 0;
    for await (const f of frames(pipe.incoming)) {
      switch (f.opcode) {
        case opcode.ping:
          send(opcode.pong, f.payload).catch(() => {});
          break;
        case opcode.pong:
          break;
        case opcode.close:
          if (!closing) {
            closing = true;
            await send(opcode.close, f.payload.subarray(0, 2)).catch(() => {});
          }
          pipe.end();
          return;
        case opcode.continuation:
        case opcode.text:
        case opcode.binary: {
          if ((f.opcode === opcode.continuation) !== parts.length > 0) throw new Error("a WebSocket frame out of turn");
          if (f.opcode !== opcode.continuation) first = f.opcode;
          parts.push(f.payload);
          size += f.payload.length;
          if (size > MAX_MESSAGE) throw new Error("a WebSocket message is too large");
          if (!f.final) break;
          const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
          parts = [];
          size = 0;
          yield { binary: first === opcode.binary, bytes };
          break;
        }
        default:
          throw new Error(`WebSocket opcode ${f.opcode} is not known`);
      }
    }
  }
  return {
    messages: messages(),
    send: (bytes, binary = true) => send(binary ? opcode.binary : opcode.text, bytes),
    async close(code, reason) {
      if (closing) return;
      closing = true;
      const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
      payload.writeUInt16BE(code, 0);
      payload.write(reason, 2);
      await send(opcode.close, payload.subarray(0, 125)).catch(() => {});
      // The client answers with its own close frame; that it may be seen, the connection is not cut at once.
      const timer = setTimeout(() => pipe.destroy(), CLOSE_TIMEOUT);
      void pipe.closed.then(() => clearTimeout(timer));
    },
    destroy: () => pipe.destroy(),
  };
}

function frame(code: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = 0x80 | code;
  if (length < 126) head[1] = length;
  else if (length < 65536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

interface WebSocketFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}
async function* frames(incoming: AsyncIterable<Uint8Array>): AsyncGenerator<WebSocketFrame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of incoming) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (;;) {
      const next = readFrame(rest);
      if (next === undefined) break;
      rest = rest.subarray(next.size);
      yield next.frame;
    }
  }
}
function readFrame(bytes: Buffer): { frame: WebSocketFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const masked = (bytes[1]! & 0x80) !== 0;
  if (!masked) throw new Error("a WebSocket client must mask its frames");
  if ((bytes[0]! & 0x70) !== 0) throw new Error("a WebSocket extension that was not agreed on");
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start + 4) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > MAX_MESSAGE) throw new Error("a WebSocket frame is too large");
  const size = start + 4 + length;
  if (bytes.length < size) return undefined;
  const payload = Buffer.from(bytes.subarray(start + 4, size));
  for (let i = 0; i < length; i++) payload[i]! ^= bytes[start + (i & 3)]!;
  return { frame: { final: (bytes[0]! & 0x80) !== 0, opcode: bytes[0]! & 0x0f, payload }, size };
}
