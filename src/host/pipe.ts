import type { Duplex } from "node:stream";
import type { Pipe } from "#base/http.ts";

/** A socket as a pipe; `head` is what had been read of it already. */
export function pipeOf(socket: Duplex, head?: Uint8Array): Pipe {
  const closed = new Promise<void>(resolve => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
  socket.on("error", () => {});
  return {
    incoming: incoming(socket, head),
    write(bytes) {
      return new Promise<void>((resolve, reject) => {
        if (socket.destroyed || socket.writableEnded) {
          reject(new Error("the connection is closed"));
          return;
        }
        if (socket.write(bytes)) {
          resolve();
          return;
        }
        const done = () => {
          socket.off("drain", done);
          socket.off("close", done);
          resolve();
        };
        socket.on("drain", done);
        socket.on("close", done);
      });
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
