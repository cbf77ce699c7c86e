import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import type { HttpRequest, Pipe } from "#base/http.ts";
import { pipePair } from "#base/pipes.ts";
import type { StreamTarget } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import { pipeOf } from "./pipe.ts";
import { type SpdySession, type SpdyStream, spdySession } from "./spdy.ts";
import { streamServer } from "./streamserver.ts";

/** A runtime whose commands are small functions of their streams, and whose ports echo. */
function fakeRuntime(seen: { resized: string[]; gone: number }): Runtime {
  const streams: Pick<Runtime, "exec" | "attach" | "connect"> = {
    async exec(_id, command, s) {
      const resizing = (async () => {
        for await (const { width, height } of s.resize ?? []) seen.resized.push(`${width}x${height}`);
      })();
      while (command[0] === "sized" && seen.resized.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
      if (command[0] === "broken") throw new Error("no such program");
      if (command[0] === "endless") {
        await new Promise(resolve => s.signal.addEventListener("abort", resolve));
        seen.gone++;
        throw s.signal.reason;
      }
      if (command[0] === "large") {
        for (let i = 0; i < 64; i++) await s.stdout?.(Buffer.alloc(65_536, "l"));
      }
      await s.stdout?.(Buffer.from("out "));
      await s.stderr?.(Buffer.from("err "));
      for await (const bytes of s.stdin ?? []) await s.stdout?.(Buffer.from(Buffer.from(bytes).toString().toUpperCase()));
      void resizing;
      return { exitCode: command[0] === "fail" ? 3 : 0 };
    },
    async attach(_id, s) {
      await s.stdout?.(Buffer.from("attached"));
    },
    async connect(_sandbox, port) {
      if (port === 9) throw new Error("connection refused");
      const [near, far] = pipePair();
      void (async () => {
        for await (const bytes of far.incoming) await far.write(Buffer.from(`${port}:${Buffer.from(bytes)}`));
        far.end();
      })();
      return near;
    },
  };
  return streams as Runtime;
}
const exec = (command: string, change: Partial<Extract<StreamTarget, { verb: "exec" }>> = {}): StreamTarget => ({
  verb: "exec",
  containerId: "c",
  command: [command],
  stdin: true,
  stdout: true,
  stderr: true,
  tty: false,
  ...change,
});
const forward: StreamTarget = { verb: "portForward", sandboxId: "s", ports: [80, 9] };

async function readAll(stream: Pipe): Promise<string> {
  let out = "";
  for await (const bytes of stream.incoming) out += Buffer.from(bytes).toString();
  return out;
}

describe("streams over SPDY", () => {
  const seen = { resized: [] as string[], gone: 0 };
  const server = streamServer(fakeRuntime(seen));
  async function connect(target: StreamTarget, protocols: string): Promise<{ session: SpdySession; protocol: string | undefined }> {
    const headers = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": protocols };
    const response = await server.serve({ method: "POST", url: "/", headers, upgradable: true }, target);
    assert.equal(response.status, 101);
    const [near, far] = pipePair();
    response.takeOver!(far);
    return { session: spdySession(near, "client"), protocol: response.headers["x-stream-protocol-version"] as string | undefined };
  }
  const open = async (session: SpdySession, ...types: string[]) => {
    const out: Record<string, SpdyStream> = {};
    for (const type of types) out[type] = await session.open({ streamtype: type });
    return out;
  };

  it("runs a command with stdin, stdout, stderr and its status", async () => {
    const { session, protocol } = await connect(exec("fail"), "v4.channel.k8s.io, v3.channel.k8s.io, channel.k8s.io");
    assert.equal(protocol, "v4.channel.k8s.io");
    const s = await open(session, "error", "stdin", "stdout", "stderr");
    await s.stdin!.write(Buffer.from("hello"));
    s.stdin!.end();
    assert.deepEqual(await Promise.all([readAll(s.stdout!), readAll(s.stderr!)]), ["out HELLO", "err "]);
    const status = JSON.parse(await readAll(s.error!));
    assert.equal(status.reason, "NonZeroExitCode");
    assert.deepEqual(status.details.causes, [{ reason: "ExitCode", message: "3" }]);
    await session.closed;
  });
  it("tells clients of older protocols only the sentence of a failure", async () => {
    const { session } = await connect(exec("broken", { stdin: false, stderr: false }), "v2.channel.k8s.io");
    const s = await open(session, "error", "stdout");
    assert.equal(await readAll(s.error!), "Internal error occurred: error executing command in container: no such program");
  });
  it("passes on terminal sizes, and large output whole", async () => {
    const { session } = await connect(exec("large", { tty: true, stderr: false }), "v4.channel.k8s.io");
    const s = await open(session, "error", "stdin", "stdout", "resize");
    await s.resize!.write(Buffer.from('{"Width":80,"Height":'));
    await s.resize!.write(Buffer.from('24}\n{"Width":100,"Height":40}'));
    s.stdin!.end();
    const out = await readAll(s.stdout!);
    assert.equal(out.length, 64 * 65_536 + 4);
    assert.deepEqual(seen.resized, ["80x24", "100x40"]);
    assert.deepEqual(JSON.parse(await readAll(s.error!)), { metadata: {}, status: "Success" });
  });
  it("ends the command's streams when the client goes", async () => {
    const { session } = await connect(exec("endless", { stdin: false }), "v4.channel.k8s.io");
    await open(session, "error", "stdout", "stderr");
    session.close();
    for (let i = 0; i < 100 && seen.gone === 0; i++) await new Promise(resolve => setTimeout(resolve, 5));
    assert.equal(seen.gone, 1);
  });
  it("forwards ports, each connection by a pair of streams", async () => {
    const { session, protocol } = await connect(forward, "portforward.k8s.io");
    assert.equal(protocol, "portforward.k8s.io");
    const pair = async (port: number, requestid: string) => {
      const error = await session.open({ streamtype: "error", port: String(port), requestid });
      error.end();
      return { error, data: await session.open({ streamtype: "data", port: String(port), requestid }) };
    };
    const [a, b, refused] = [await pair(80, "0"), await pair(81, "1"), await pair(9, "2")];
    await a.data.write(Buffer.from("one"));
    await b.data.write(Buffer.from("two"));
    a.data.end();
    b.data.end();
    assert.deepEqual(await Promise.all([readAll(a.data), readAll(b.data)]), ["80:one", "81:two"]);
    assert.equal(await readAll(a.error), "");
    assert.match(await readAll(refused.error), /^error forwarding port 9 to pod s, uid : connection refused$/);
    session.close();
  });
  it("refuses what it does not speak", async () => {
    const ask = (headers: HttpRequest["headers"]) => server.serve({ method: "POST", url: "/", headers, upgradable: true }, exec("x"));
    assert.equal((await ask({})).status, 400);
    assert.equal((await ask({ connection: "upgrade", upgrade: "h2c" })).status, 400);
    const protocol = await ask({ connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v9.channel.k8s.io" });
    assert.equal(protocol.status, 403);
    assert.match(Buffer.from(protocol.body as Uint8Array).toString(), /client supports \[v9\.channel\.k8s\.io\], server accepts \[v4/);
  });
});

describe("streams over WebSocket", () => {
  const seen = { resized: [] as string[], gone: 0 };
  const streams = streamServer(fakeRuntime(seen));
  const targets = new Map<string, StreamTarget>();
  const server = http.createServer();
  before(async () => {
    server.on("upgrade", async (request, socket, head) => {
      const headers = request.headers as Record<string, string>;
      const target = targets.get(request.url!)!;
      const response = await streams.serve({ method: request.method!, url: request.url!, headers, upgradable: true }, target);
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 ${response.status} x\r\n${lines.join("\r\n")}\r\n\r\n`);
      if (response.takeOver === undefined) socket.end(response.body as Uint8Array);
      else response.takeOver(pipeOf(socket, head));
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A client that keeps what each channel brings. */
  function client(target: StreamTarget, protocol: string | undefined) {
    const url = `/${targets.size}`;
    targets.set(url, target);
    const { port } = server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}${url}`, protocol === undefined ? [] : [protocol]);
    const channels: Record<number, Buffer> = {};
    socket.on("message", (data: Buffer, binary) => {
      const [id, bytes] = binary
        ? [data[0]!, data.subarray(1)]
        : [Number(data.toString()[0]), Buffer.from(data.toString().slice(1), "base64")];
      channels[id] = Buffer.concat([channels[id] ?? Buffer.alloc(0), bytes]);
    });
    const opened = new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const closed = new Promise<number>(resolve => socket.once("close", resolve));
    return { socket, channels, opened, closed, text: (id: number) => channels[id]?.toString() };
  }

  it("v5: closes stdin by signal, and ends with the status", async () => {
    const c = client(exec("fail"), "v5.channel.k8s.io");
    await c.opened;
    assert.equal(c.socket.protocol, "v5.channel.k8s.io");
    c.socket.send(Buffer.concat([Uint8Array.of(0), Buffer.from("abc")]));
    c.socket.send(Uint8Array.of(255, 0));
    assert.equal(await c.closed, 1000);
    assert.deepEqual([c.text(1), c.text(2)], ["out ABC", "err "]);
    assert.equal(JSON.parse(c.text(3)!).details.causes[0].message, "3");
  });
  it("v4: sends sizes, pings are answered, an empty message opens", async () => {
    const c = client(exec("sized", { tty: true, stderr: false, stdin: false }), "v4.channel.k8s.io");
    await c.opened;
    c.socket.ping();
    await new Promise(resolve => c.socket.once("pong", resolve));
    c.socket.send(Buffer.concat([Uint8Array.of(4), Buffer.from('{"Width":10,"Height":20}')]));
    assert.equal(await c.closed, 1000);
    assert.equal(c.text(1), "out ");
    assert.deepEqual(JSON.parse(c.text(3)!), { metadata: {}, status: "Success" });
    assert.deepEqual(seen.resized, ["10x20"]);
  });
  it("base64, and clients that name no protocol", async () => {
    const encoded = client(exec("x", { stdin: false }), "v4.base64.channel.k8s.io");
    assert.equal(await encoded.closed, 1000);
    assert.deepEqual([encoded.text(1), encoded.text(2)], ["out ", "err "]);
    const plain = client(exec("broken", { stdin: false }), undefined);
    assert.equal(await plain.closed, 1000);
    assert.match(plain.text(3)!, /^Internal error occurred: error executing command in container: no such program$/);
  });
  it("attaches", async () => {
    const c = client({ verb: "attach", containerId: "c", stdin: false, stdout: true, stderr: false, tty: false }, "v5.channel.k8s.io");
    assert.equal(await c.closed, 1000);
    assert.equal(c.text(1), "attached");
  });
  it("forwards ports in the older form", async () => {
    const c = client(forward, "v4.channel.k8s.io");
    await c.opened;
    c.socket.send(Buffer.concat([Uint8Array.of(0), Buffer.from("hi")]));
    while ((c.channels[0]?.length ?? 0) < 7 || (c.channels[3]?.length ?? 0) < 10) await new Promise(resolve => setTimeout(resolve, 5));
    assert.deepEqual([...c.channels[0]!.subarray(0, 2)], [80, 0]);
    assert.equal(c.channels[0]!.subarray(2).toString(), "80:hi");
    assert.match(c.channels[3]!.subarray(2).toString(), /connection refused/);
    c.socket.close();
    await c.closed;
  });
  it("forwards ports by SPDY through the tunnel", async () => {
    targets.set("/tunnel", forward);
    const { port } = server.address() as AddressInfo;
    const request = http.get({
      port,
      host: "127.0.0.1",
      path: "/tunnel",
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "SPDY/3.1+portforward.k8s.io",
      },
    });
    const [headers, socket] = await new Promise<[http.IncomingHttpHeaders, import("node:net").Socket]>(resolve =>
      request.once("upgrade", (response, s) => resolve([response.headers, s])),
    );
    // The example of RFC 6455, section 1.3.
    assert.equal(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert.equal(headers["sec-websocket-protocol"], "SPDY/3.1+portforward.k8s.io");
    const session = spdySession(unmaskedTunnel(pipeOf(socket)), "client");
    const error = await session.open({ streamtype: "error", port: "80", requestid: "0" });
    const data = await session.open({ streamtype: "data", port: "80", requestid: "0" });
    await data.write(Buffer.from("through"));
    data.end();
    assert.equal(await readAll(data), "80:through");
    assert.equal(await readAll(error), "");
    session.close();
    socket.destroy();
  });
});

/** The client's side of the tunnel: masked binary frames out, plain ones in. */
function unmaskedTunnel(pipe: Pipe): Pipe {
  async function* incoming(): AsyncGenerator<Uint8Array> {
    let rest = Buffer.alloc(0);
    for await (const chunk of pipe.incoming) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2) {
        const short = rest[1]! & 0x7f;
        const [start, length] = short < 126 ? [2, short] : [4, rest.readUInt16BE(2)];
        if (rest.length < start + length) break;
        if ((rest[0]! & 0x0f) === 2) yield rest.subarray(start, start + length);
        rest = rest.subarray(start + length);
      }
    }
  }
  return {
    ...pipe,
    incoming: incoming(),
    write(bytes) {
      const mask = Uint8Array.of(1, 2, 3, 4);
      const head = Buffer.from([0x82, 0x80 | 126, bytes.length >> 8, bytes.length & 0xff, ...mask]);
      return pipe.write(Buffer.concat([head, bytes.map((b, i) => b ^ mask[i & 3]!)]));
    },
  };
}
