/** Pieces to build connections from: a queue of bytes, and a connection in memory. */
import type { Pipe } from "#base/http.ts";

/** Bytes that one side pushes and one side reads. */
export interface ByteQueue extends AsyncIterable<Uint8Array> {
  /** Bytes that wait to be read. */
  readonly size: number;
  push(bytes: Uint8Array): void;
  /** No more will come; with an error, the reader gets it after what is there. */
  end(error?: Error): void;
  readonly ended: boolean;
}
/** `taken` hears of bytes that the reader has taken. */
export function byteQueue(taken: (size: number) => void = () => {}): ByteQueue {
  const parts: Uint8Array[] = [];
  let size = 0;
  let end: { error?: Error | undefined } | undefined;
  let wake: (() => void) | undefined;
  const tell = () => {
    wake?.();
    wake = undefined;
  };
  return {
    get size() {
      return size;
    },
    get ended() {
      return end !== undefined;
    },
    push(bytes) {
      if (end !== undefined || bytes.length === 0) return;
      parts.push(bytes);
      size += bytes.length;
      tell();
    },
    end(error) {
      end ??= { error };
      tell();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const part = parts.shift();
        if (part !== undefined) {
          size -= part.length;
          taken(part.length);
          yield part;
        } else if (end !== undefined) {
          if (end.error !== undefined) throw end.error;
          return;
        } else {
          await new Promise<void>(resolve => {
            wake = resolve;
          });
        }
      }
    },
  };
}

/** Two ends of one connection in memory. */
export function pipePair(): [Pipe, Pipe] {
  const HIGH = 256 * 1024;
  const channel = () => {
    let room: (() => void)[] = [];
    const queue = byteQueue(() => {
      if (queue.size > HIGH) return;
      for (const go of room) go();
      room = [];
    });
    return {
      queue,
      async write(bytes: Uint8Array) {
        if (queue.ended) throw new Error("the connection is closed");
        queue.push(bytes);
        if (queue.size > HIGH) await new Promise<void>(resolve => room.push(resolve));
      },
      free() {
        for (const go of room) go();
        room = [];
      },
    };
  };
  const a = channel();
  const b = channel();
  let close: () => void = () => {};
  const closed = new Promise<void>(resolve => {
    close = resolve;
  });
  const end = (out: ReturnType<typeof channel>) => {
    out.queue.end();
    if (a.queue.ended && b.queue.ended) close();
  };
  const side = (out: ReturnType<typeof channel>, incoming: ReturnType<typeof channel>): Pipe => ({
    incoming: incoming.queue,
    write: out.write,
    end: () => end(out),
    destroy() {
      end(a);
      end(b);
      a.free();
      b.free();
    },
    closed,
  });
  return [side(a, b), side(b, a)];
}
