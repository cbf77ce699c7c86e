import type { Duplex } from "node:stream";
import type { Pipe } from "#base/http.ts";

/** A socket as a pipe; `head` is what had been read of it already. */
export function pipeOf(socket: Duplex, head?: Uint8Array): Pipe {
  let waiting: (() => void)[] = [];
  const go = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const closed = new Promise<void>(resolve => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
  socket.on("error", () => {});
  socket.on("drain", go);
  socket.on("close", go);
  return {
    incoming: incoming(socket, head),
    async write(bytes) {
      if (socket.destroyed || socket.writableEnded) throw new Error("the connection is closed");
      if (!socket.write(bytes)) await new Promise<void>(resolve => waiting.push(resolve));
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    closed,
  };
}
async function* incoming(socket: Duplex, head: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (head && head.length > 0) yield head;
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch {
    // A connection that was cut is at its end.
  }
}
