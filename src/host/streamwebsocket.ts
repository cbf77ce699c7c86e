/** A command's channels in messages of one WebSocket: the first byte (or, in base64, the first digit) names the channel. */
import { byteQueue } from "#base/pipes.ts";
import { type Channels, type CommandTarget, endText, terminalSizes } from "./streamcommand.ts";
import type { WebSocketServer } from "./websocket.ts";

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** v5: the second byte names the channel that the client closes. */
const CLOSE = 255;
/** Bytes of stdin that may wait before no more is read from the client. */
const STDIN_BUFFER = 256 * 1024;

export function webSocketChannels(socket: WebSocketServer, target: CommandTarget, protocol: string): Channels {
  const version = Number(/^v(\d)\./.exec(protocol)?.[1] ?? "1");
  const send = channelWriter(socket, protocol);
  const gone = new AbortController();
  let resume: (() => void) | undefined;
  const stdin = byteQueue(() => {
    if (stdin.size <= STDIN_BUFFER) resume?.();
  });
  const resize = byteQueue();
  const read = async () => {
    try {
      for await (const { id, bytes } of channelMessages(socket, protocol)) {
        if (id === CLOSE && version >= 5) {
          if (bytes[0] === channel.stdin) stdin.end();
        } else if (id === channel.stdin) stdin.push(bytes);
        else if (id === channel.resize) resize.push(bytes);
        if (stdin.size > STDIN_BUFFER) {
          await new Promise<void>(resolve => {
            resume = resolve;
          });
        }
      }
    } catch {
      socket.destroy();
    }
    stdin.end();
    resize.end();
    gone.abort(new Error("the client has gone"));
  };
  void read();
  // An empty message tells the client that the connection stands.
  send(target.stdout ? channel.stdout : target.stderr ? channel.stderr : channel.error, new Uint8Array(0)).catch(() => {});
  return {
    stdin,
    resize: terminalSizes(resize),
    signal: gone.signal,
    stdout: bytes => send(channel.stdout, bytes),
    stderr: bytes => send(channel.stderr, bytes),
    async finish(status) {
      const text = endText(status, version >= 4);
      if (text !== "") await send(channel.error, Buffer.from(text)).catch(() => {});
      stdin.end();
      await socket.close(1000, "");
    },
  };
}

/** Sends to a channel, in the form that the protocol asks for. */
export function channelWriter(socket: WebSocketServer, protocol: string): (id: number, bytes: Uint8Array) => Promise<void> {
  if (isBase64(protocol)) {
    return (id, bytes) => socket.send(Buffer.from(`${id}${Buffer.from(bytes).toString("base64")}`), false);
  }
  return (id, bytes) => socket.send(Buffer.concat([Uint8Array.of(id), bytes]));
}
/** Messages by channel; empty ones (no channel) are passed over. */
export async function* channelMessages(socket: WebSocketServer, protocol: string): AsyncGenerator<{ id: number; bytes: Uint8Array }> {
  for await (const { bytes } of socket.messages) {
    if (bytes.length === 0) continue;
    if (isBase64(protocol)) {
      yield { id: bytes[0]! - 0x30, bytes: Buffer.from(Buffer.from(bytes.subarray(1)).toString("latin1"), "base64") };
    } else yield { id: bytes[0]!, bytes: bytes.subarray(1) };
  }
}
const isBase64 = (protocol: string) => protocol.includes("base64");
