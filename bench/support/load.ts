/** Load on any Kubernetes API server: HTTP/2 over TLS with a client certificate, eight clients to a connection, CPU counted at the server. */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { sumOf, type Use, useOf } from "./figures.ts";

export interface Target {
  readonly name: string;
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** All processes that serve. */
  readonly pids: readonly number[];
}
export interface Answer {
  readonly status: number;
  readonly body: string;
}
export interface Figure {
  readonly rate: number;
  /** Seconds of the servers' CPU for a thousand. */
  readonly cpuPerThousand: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}
const WINDOW = 8 * 2 ** 20;
const CLIENTS_PER_CONNECTION = 8;

export class Connections {
  readonly #sessions: ClientHttp2Session[];
  constructor({ server, ca, cert, key }: Target, clients: number) {
    this.#sessions = Array.from({ length: Math.max(1, clients / CLIENTS_PER_CONNECTION) }, () => {
      const session = connect(server, { ca, cert, key, settings: { initialWindowSize: WINDOW } });
      session.on("connect", () => session.setLocalWindowSize(WINDOW));
      return session;
    });
  }
  #stream(client: number, method: string, path: string, body: string | undefined, type: string) {
    const headers = { ":method": method, ":path": path, accept: "application/json", "user-agent": "bench" };
    const session = this.#sessions[client % this.#sessions.length]!;
    const stream = session.request(body === undefined ? headers : { ...headers, "content-type": type }, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    return stream;
  }
  async ask(client: number, method: string, path: string, body?: string, type = "application/json"): Promise<Answer> {
    const stream = this.#stream(client, method, path, body, type);
    const [headers] = (await once(stream, "response")) as [{ ":status": number }];
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    return { status: headers[":status"], body: Buffer.concat(parts).toString() };
  }
  /** Resolves when the stream has begun; `line` gets each event until the connections close. */
  async watch(client: number, path: string, line: (text: string) => void): Promise<void> {
    const stream = this.#stream(client, "GET", path, undefined, "");
    stream.on("error", () => undefined);
    await once(stream, "response");
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const one of lines) line(one);
    });
  }
  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/** `clients` loops of `step` for so many seconds; a step tells how many units it was. */
export async function load(
  target: Target,
  clients: number,
  seconds: number,
  step: (client: number, n: number) => Promise<number>,
): Promise<Figure> {
  const use = (): Use => sumOf(target.pids.map(useOf));
  const before = use().cpuSeconds;
  const took: number[] = [];
  let done = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let n = 0; performance.now() - began < seconds * 1000; n++) {
        const start = performance.now();
        const units = await step(client, n);
        done += units;
        took.push(performance.now() - start);
      }
    }),
  );
  const wall = (performance.now() - began) / 1000;
  took.sort((a, b) => a - b);
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))]!;
  return { rate: done / wall, cpuPerThousand: ((use().cpuSeconds - before) / done) * 1000, p50: at(0.5), p99: at(0.99) };
}
