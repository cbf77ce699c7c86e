/** A command's channels as streams of one SPDY connection. */
import type { SpdySession, SpdyStream } from "./spdy.ts";
import { type Channels, type CommandTarget, endText, terminalSizes } from "./streamcommand.ts";

/** How long a client may take to open all streams that its request names. */
const CREATION_TIMEOUT = 30_000;

/** Waits for the streams; rejects when they do not come. */
export async function spdyChannels(session: SpdySession, target: CommandTarget, protocol: string): Promise<Channels> {
  const version = Number(/^v(\d)\./.exec(protocol)?.[1] ?? "1");
  const wanted = new Set(["error"]);
  if (target.stdin) wanted.add("stdin");
  if (target.stdout) wanted.add("stdout");
  if (target.stderr && !target.tty) wanted.add("stderr");
  if (target.tty && version >= 3) wanted.add("resize");
  const streams = await collect(session, wanted);
  const gone = new AbortController();
  void session.closed.then(() => gone.abort(new Error("the client has gone")));
  const write = async (name: string, bytes: Uint8Array) => streams.get(name)?.write(bytes);
  return {
    stdin: streams.get("stdin")?.incoming ?? nothing(),
    resize: terminalSizes(streams.get("resize")?.incoming ?? nothing()),
    signal: gone.signal,
    stdout: bytes => write("stdout", bytes),
    stderr: bytes => write("stderr", bytes),
    async finish(status) {
      const text = endText(status, version >= 4);
      try {
        if (text !== "") await write("error", Buffer.from(text));
        for (const stream of streams.values()) stream.end();
      } catch {
        // The client has gone; nobody is left to tell.
      }
      session.close();
    },
  };
}

async function collect(session: SpdySession, wanted: ReadonlySet<string>): Promise<Map<string, SpdyStream>> {
  const streams = new Map<string, SpdyStream>();
  const timer = setTimeout(() => session.close(), CREATION_TIMEOUT);
  try {
    for await (const stream of session.streams) {
      const type = stream.headers.streamtype ?? "";
      if (!wanted.has(type) || streams.has(type)) stream.destroy();
      else streams.set(type, stream);
      if (streams.size === wanted.size) return streams;
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error("the client did not open its streams");
}
async function* nothing(): AsyncGenerator<Uint8Array> {}
