/** Port-forward: connections of a client to ports in a sandbox. */
import type { Pipe } from "#base/http.ts";
import { byteQueue } from "#base/pipes.ts";
import type { StreamTarget } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import type { SpdySession, SpdyStream } from "./spdy.ts";
import { channelMessages, channelWriter } from "./streamwebsocket.ts";
import type { WebSocketServer } from "./websocket.ts";

/** portforward.k8s.io: each connection has two streams with one request id, for errors and for data. */
export async function forwardOverSpdy(session: SpdySession, runtime: Runtime, sandboxId: string): Promise<void> {
  const halves = new Map<string, { error?: SpdyStream; data?: SpdyStream }>();
  for await (const stream of session.streams) {
    const { streamtype, port } = stream.headers;
    if ((streamtype !== "error" && streamtype !== "data") || !isPort(Number(port))) {
      stream.destroy();
      continue;
    }
    // The first clients had no request ids: the data stream followed its error stream.
    const id = stream.headers.requestid ?? String(streamtype === "error" ? stream.id : stream.id - 2);
    const pair = halves.get(id) ?? {};
    pair[streamtype] = stream;
    halves.set(id, pair);
    void stream.closed.then(() => halves.delete(id));
    const { error, data } = pair;
    if (error === undefined || data === undefined) continue;
    halves.delete(id);
    void join(runtime, sandboxId, Number(port), data).then(async failure => {
      if (failure !== undefined) await error.write(Buffer.from(failure)).catch(() => {});
      error.end();
      data.end();
    });
  }
}

/** The older WebSocket form: two channels for each port of the query, each opened by a message with the port's two bytes. */
export async function forwardOverWebSocket(
  socket: WebSocketServer,
  runtime: Runtime,
  target: Extract<StreamTarget, { verb: "portForward" }>,
  protocol: string,
): Promise<void> {
  const send = channelWriter(socket, protocol);
  const queues = target.ports.map(() => byteQueue());
  for (const [i, port] of target.ports.entries()) {
    const number = Uint8Array.of(port & 0xff, port >> 8);
    await send(2 * i, number);
    await send(2 * i + 1, number);
  }
  const joined = target.ports.map(async (port, i) => {
    const data = { incoming: queues[i]!, write: (bytes: Uint8Array) => send(2 * i, bytes), end() {} };
    const failure = await join(runtime, target.sandboxId, port, data);
    if (failure !== undefined) await send(2 * i + 1, Buffer.from(failure)).catch(() => {});
  });
  void Promise.all(joined).then(() => socket.close(1000, ""));
  try {
    for await (const { id, bytes } of channelMessages(socket, protocol)) {
      if (id % 2 === 0) queues[id / 2]?.push(bytes);
    }
  } finally {
    for (const queue of queues) queue.end();
  }
}

/** Carries bytes both ways until both sides have ended; resolves with what went wrong. */
async function join(
  runtime: Runtime,
  sandboxId: string,
  port: number,
  client: Pick<Pipe, "incoming" | "write" | "end">,
): Promise<string | undefined> {
  let pod: Pipe;
  try {
    pod = await runtime.connect(sandboxId, port);
  } catch (error) {
    return `error forwarding port ${port} to pod ${sandboxId}, uid : ${(error as Error).message}`;
  }
  const there = async () => {
    try {
      for await (const bytes of client.incoming) await pod.write(bytes);
      pod.end();
    } catch {
      // The pod has closed: its own direction tells how.
    }
  };
  void there();
  try {
    for await (const bytes of pod.incoming) await client.write(bytes);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.end();
    pod.destroy();
  }
}
const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65536;
