/** Interactive streams to containerd: its streaming server speaks SPDY/3.1 behind an HTTP/1.1 upgrade, at a URL that serves once. */
import net from "node:net";
import type { Pipe } from "#base/http.ts";
import type { Streams } from "#kubelet/runtime.ts";
import { pipeOf } from "./pipe.ts";
import { type SpdySession, type SpdyStream, spdySession } from "./spdy.ts";

/** What a command's end looks like on the error stream (v4.channel.k8s.io and later). */
interface EndStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}
const ANSWER_TIMEOUT = 30_000;

/** Upgrades a connection to the URL; `protocols` as kubelets offer them. */
async function upgrade(url: string, protocols: readonly string[]): Promise<SpdySession> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on("error", () => {});
  try {
    socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy(new Error("no answer")));
    socket.write(
      `POST ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n` +
        `${protocols.map(p => `X-Stream-Protocol-Version: ${p}\r\n`).join("")}\r\n`,
    );
    const { status, head, rest } = await answerHead(socket);
    if (status !== 101) throw new Error(`the runtime's streaming server refused: ${rest.toString().trim() || head.split("\r\n")[0]}`);
    socket.setTimeout(0);
    return spdySession(pipeOf(socket, rest), "client");
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
async function answerHead(socket: net.Socket): Promise<{ status: number; head: string; rest: Buffer }> {
  let all = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    all = Buffer.concat([all, chunk as Buffer]);
    const end = all.indexOf("\r\n\r\n");
    if (end === -1 && all.length < 64 * 1024) continue;
    const head = all.toString("latin1", 0, end);
    return { status: Number(head.split(" ")[1]), head, rest: all.subarray(end + 4) };
  }
  throw new Error("the runtime's streaming server closed the connection");
}

/** exec or attach at `url`: joins the caller's streams to the command's, and resolves with its exit code. */
export async function streamCommand(
  url: string,
  streams: Streams,
  wants: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly tty: boolean },
): Promise<{ exitCode: number }> {
  const session = await upgrade(url, ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"]);
  const leave = () => session.close();
  streams.signal.addEventListener("abort", leave, { once: true });
  if (streams.signal.aborted) leave();
  try {
    const errors = await session.open({ streamtype: "error" });
    errors.end();
    // The runtime starts the command when all streams are there, so they are asked for together.
    const opening = (type: string, wanted: boolean) => (wanted ? session.open({ streamtype: type }) : Promise.resolve(undefined));
    const [stdin, stdout, stderr, resize] = await Promise.all([
      opening("stdin", wants.stdin),
      opening("stdout", wants.stdout),
      opening("stderr", wants.stderr),
      opening("resize", wants.tty),
    ]);
    stdout?.end();
    stderr?.end();
    if (stdin !== undefined) void feed(stdin, streams.stdin!);
    if (resize !== undefined) void sizes(resize, streams.resize);
    const outputs = Promise.all([drain(stdout, streams.stdout?.bind(streams)), drain(stderr, streams.stderr?.bind(streams))]);
    outputs.catch(() => {});
    const end = await readAll(errors);
    // What the command wrote came before its status, on the same connection; the close may follow at once.
    await outputs.catch(error => {
      if (end === "") throw error;
    });
    return { exitCode: exitCodeOf(end) };
  } catch (error) {
    if (streams.signal.aborted) throw streams.signal.reason;
    throw error;
  } finally {
    streams.signal.removeEventListener("abort", leave);
    session.close();
  }
}

async function feed(stdin: SpdyStream, from: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const bytes of from) await stdin.write(bytes);
    stdin.end();
  } catch {
    // The command no longer reads, or the caller has gone: either is told by other streams.
    stdin.destroy();
  }
}
async function sizes(resize: SpdyStream, from: Streams["resize"]): Promise<void> {
  try {
    for await (const { width, height } of from ?? [])
      await resize.write(Buffer.from(`${JSON.stringify({ Width: width, Height: height })}\n`));
  } catch {
    // The command has ended.
  }
}
async function drain(stream: SpdyStream | undefined, to: ((bytes: Uint8Array) => Promise<void>) | undefined): Promise<void> {
  if (stream === undefined) return;
  for await (const bytes of stream.incoming) await to?.(bytes);
}
async function readAll(stream: SpdyStream): Promise<string> {
  const parts: Uint8Array[] = [];
  try {
    for await (const bytes of stream.incoming) parts.push(bytes);
  } catch (error) {
    if (parts.length === 0) throw error;
  }
  return Buffer.concat(parts).toString();
}
/** Throws for everything but a command that ran. */
function exitCodeOf(text: string): number {
  if (text === "") return 0;
  let end: EndStatus;
  try {
    end = JSON.parse(text) as EndStatus;
  } catch {
    throw new Error(text);
  }
  if (end.status === "Success") return 0;
  const cause = end.details?.causes?.find(c => c.reason === "ExitCode");
  if (end.reason === "NonZeroExitCode" && cause?.message !== undefined) return Number(cause.message);
  // The kubelet wraps the sentence again in its own turn.
  throw new Error(
    (end.message ?? "the command could not be run").replace(
      /^Internal error occurred: error (executing command in|attaching to) container: /,
      "",
    ),
  );
}

/** One connection to a port of the sandbox at `url`. What the runtime complains of on the error stream ends the reading with that error. */
export async function connectPort(url: string, port: number): Promise<Pipe> {
  const session = await upgrade(url, ["portforward.k8s.io"]);
  try {
    const headers = (streamtype: string) => ({ streamtype, port: String(port), requestid: "0" });
    const errors = await session.open(headers("error"));
    errors.end();
    const data = await session.open(headers("data"));
    const complaint = readAll(errors).catch(() => "");
    async function* incoming(): AsyncGenerator<Uint8Array> {
      yield* data.incoming;
      const said = await Promise.race([complaint, data.closed.then(() => complaint)]);
      if (said !== "") throw new Error(said);
    }
    void data.closed.then(() => session.close());
    return {
      incoming: incoming(),
      closed: session.closed,
      write: bytes => data.write(bytes),
      end: () => data.end(),
      destroy: () => session.close(),
    };
  } catch (error) {
    session.close();
    throw error;
  }
}
