import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http2 from "node:http2";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { message, method } from "#base/message.ts";
import { type Route, RpcError, rpcCode, streaming, unary } from "#base/rpc.ts";
import { GrpcError, grpcClient } from "./grpc.ts";
import { GrpcServer } from "./grpcserver.ts";
import { hpackBlock } from "./hpack.ts";
import { PREFACE } from "./http2frames.ts";
import { Http2Connection } from "./http2server.ts";
import type { Http2Stream } from "./http2stream.ts";
import { decode } from "./protobuf.ts";
import { encode } from "./protobufwriter.ts";

const Text = message({ text: [1, "string"], size: [2, "int32"] });
const echo = method("/t.T/Echo", Text, Text);
const fail = method("/t.T/Fail", Text, Text);
const hang = method("/t.T/Hang", Text, Text);
const each = method("/t.T/Each", Text, Text);
const flood = method("/t.T/Flood", Text, Text);
const nowhere = method("/t.T/Nowhere", Text, Text);
const elsewhere = method("/x.X/Echo", Text, Text);

const WINDOW = 256 * 1024;

interface Served {
  readonly socket: string;
  readonly connections: Http2Connection[];
  /** Aborted calls of `hang`, and how far `flood` has come. */
  readonly seen: { aborted: number; flooded: number };
}
/** A server on a socket of its own, for as long as the test. */
async function serve(t: TestContext, plain?: (stream: Http2Stream) => void, streams = 100): Promise<Served> {
  const folder = mkdtempSync(path.join(tmpdir(), "cox-h2-"));
  const seen = { aborted: 0, flooded: 0 };
  const routes: Route[] = [
    unary(echo, async ({ text, size }) => ({ text: size ? "x".repeat(size) : text })),
    unary(fail, async ({ text }) => {
      throw text ? new RpcError(rpcCode.failedPrecondition, text) : new Error("by mistake");
    }),
    unary(hang, async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener("abort", resolve));
      seen.aborted++;
      return {};
    }),
    streaming(each, async channel => {
      for (;;) {
        const next = await channel.next();
        if (!next) return;
        await channel.send({ text: `${next.text}!` });
      }
    }),
    streaming(flood, async (channel, { signal }) => {
      while (!signal.aborted) {
        await channel.send({ text: "x".repeat(10_000) });
        seen.flooded++;
      }
    }),
  ];
  const grpc = new GrpcServer({
    routes: new Map(routes.map(route => [route.method.path, route])),
    message: 100_000,
    failed: error => new RpcError(rpcCode.internal, (error as Error).message),
  });
  const connections: Http2Connection[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer(socket => {
    sockets.add(socket);
    const onStream = (stream: Http2Stream) => (GrpcServer.takes(stream.headers) ? grpc.serve(stream) : plain?.(stream));
    connections.push(new Http2Connection(socket, { streams, window: WINDOW, peer: undefined, onStream }));
  });
  const socket = path.join(folder, "s");
  server.listen(socket);
  await once(server, "listening");
  t.after(async () => {
    for (const one of sockets) one.destroy();
    await new Promise(resolve => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return { socket, connections, seen };
}
function client(t: TestContext, { socket }: Served) {
  const made = grpcClient(socket);
  t.after(() => made.close());
  return made;
}
const status = (code: number, text: RegExp) => (error: unknown) =>
  error instanceof GrpcError && error.code === code && text.test(error.message);

test("unary calls, at once and one after another, small and larger than any window", async t => {
  const calls = client(t, await serve(t));
  const answers = await Promise.all(Array.from({ length: 90 }, (_, i) => calls.call(echo, { text: String(i) })));
  assert.deepEqual(
    answers.map(a => a.text),
    Array.from({ length: 90 }, (_, i) => String(i)),
  );
  assert.equal((await calls.call(echo, { size: 8_000_000 })).text.length, 8_000_000);
  assert.equal((await calls.call(echo, { text: "y".repeat(90_000) })).text.length, 90_000);
});
test("errors: a service's own, one of no kind, and calls that nobody answers", async t => {
  const calls = client(t, await serve(t));
  await assert.rejects(calls.call(fail, { text: "weil 100% nötig" }), status(rpcCode.failedPrecondition, /^weil 100% nötig$/));
  await assert.rejects(calls.call(fail, {}), status(rpcCode.internal, /^by mistake$/));
  await assert.rejects(calls.call(nowhere, {}), status(rpcCode.unimplemented, /^unknown method Nowhere for service t\.T$/));
  await assert.rejects(calls.call(elsewhere, {}), status(rpcCode.unimplemented, /^unknown service x\.X$/));
  await assert.rejects(calls.call(echo, { text: "x".repeat(100_001) }), status(rpcCode.resourceExhausted, /larger than max/));
  assert.equal((await calls.call(echo, { text: "still" })).text, "still");
});
test("a deadline ends the call on both sides, and a caller who leaves is noticed", async t => {
  const served = await serve(t);
  const calls = client(t, served);
  await assert.rejects(calls.call(hang, {}, { timeout: 50 }), status(rpcCode.deadlineExceeded, /./));
  const stop = new AbortController();
  const left = calls.call(hang, {}, { signal: stop.signal });
  await calls.call(echo, {});
  stop.abort();
  await assert.rejects(left);
  while (served.seen.aborted < 2) await new Promise(resolve => setTimeout(resolve, 5));
});
test("a two-way stream answers each message, and ends with its caller's end", async t => {
  const stream = client(t, await serve(t)).duplex(each);
  for (const text of ["a", "b"]) {
    await stream.send({ text });
    assert.equal((await stream.next())?.text, `${text}!`);
  }
  stream.end();
  assert.equal(await stream.next(), undefined);
});
test("a caller who does not read is waited for, and others are not", async t => {
  const served = await serve(t);
  const session = http2.connect("http://localhost", {
    createConnection: () => net.connect(served.socket),
    settings: { initialWindowSize: 65_535 },
  });
  t.after(() => session.destroy());
  const request = session.request({ ":method": "POST", ":path": flood.path, "content-type": "application/grpc" });
  request.on("error", () => {});
  request.end(Buffer.alloc(5));
  await once(request, "response");
  const calls = client(t, served);
  let before = -1;
  // It comes to a stand, and far from its end.
  while (served.seen.flooded !== before) {
    before = served.seen.flooded;
    for (let i = 0; i < 20; i++) await calls.call(echo, {});
  }
  assert.ok(before < 100, `${before} messages were taken`);
  request.resume();
  while (served.seen.flooded === before) await new Promise(resolve => setTimeout(resolve, 5));
  request.close();
});
test("streams above the limit are refused, and calls that still run count", async t => {
  const served = await serve(t, undefined, 3);
  const session = http2.connect("http://localhost", { createConnection: () => net.connect(served.socket) });
  t.after(() => session.destroy());
  // Before the server's settings are known, a client may open as many as it likes.
  const codes = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const request = session.request({ ":method": "POST", ":path": hang.path, "content-type": "application/grpc", "grpc-timeout": "50m" });
      request.on("error", () => {});
      request.end(Buffer.alloc(5));
      request.resume();
      await new Promise(resolve => request.on("close", resolve));
      return request.rstCode;
    }),
  );
  assert.equal(codes.filter(code => code === http2.constants.NGHTTP2_REFUSED_STREAM).length, 2);
});
test("a server that leaves takes no more, and closes when what was under way has ended", async t => {
  const served = await serve(t);
  const session = http2.connect("http://localhost", { createConnection: () => net.connect(served.socket) });
  t.after(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": each.path, "content-type": "application/grpc" });
  await once(session, "remoteSettings");
  while (served.connections.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
  stream.write(Buffer.alloc(5));
  await once(stream, "response");
  const goaway = once(session, "goaway");
  served.connections[0]!.leave();
  await goaway;
  stream.end(Buffer.alloc(5));
  stream.resume();
  await once(session, "close");
});

const FRAME = (type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const REQUEST = hpackBlock([
  [":method", "POST"],
  [":path", echo.path],
  ["content-type", "application/grpc"],
]);
/** What a raw connection has sent, put together by frames: [type, flags, stream, payload]. */
function framesOf(all: Buffer): [number, number, number, Buffer][] {
  const frames: [number, number, number, Buffer][] = [];
  for (let at = 0; at + 9 <= all.length; ) {
    const end = at + 9 + all.readUIntBE(at, 3);
    if (end > all.length) break;
    frames.push([all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5), all.subarray(at + 9, end)]);
    at = end;
  }
  return frames;
}
test("frames are understood wherever the pieces are cut in which they come", async t => {
  // Not over a socket, which puts pieces together again.
  const sent: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk, _, done) {
      sent.push(chunk as Buffer);
      done();
    },
  });
  t.after(() => socket.destroy());
  const stream = (id: number, text: string) => {
    const body = Buffer.concat([Buffer.alloc(5), encode(Text, { text })]);
    body.writeUInt32BE(body.length - 5, 1);
    const data: Buffer[] = [];
    // With padding, without, of no length, and the end for itself.
    for (let at = 0; at < body.length; at += 40) {
      const part = body.subarray(at, at + 40);
      data.push(at % 80 === 0 ? FRAME(0, 0, id, part) : FRAME(0, 8, id, Buffer.concat([Buffer.of(3), part, Buffer.alloc(3)])));
    }
    return Buffer.concat([FRAME(1, 4, id, REQUEST), ...data, FRAME(0, 0, id), FRAME(6, 0, 0, Buffer.from("abcdefgh")), FRAME(0, 1, id)]);
  };
  const grpc = new GrpcServer({
    routes: new Map([[echo.path, unary(echo, async ({ text }) => ({ text })) as Route]]),
    message: 100_000,
    failed: error => new RpcError(rpcCode.internal, String(error)),
  });
  const onStream = (opened: Http2Stream) => grpc.serve(opened);
  new Http2Connection(socket as unknown as net.Socket, { streams: 1000, window: WINDOW, peer: undefined, onStream });
  const give = (bytes: Buffer) => socket.push(bytes);
  const seen = () => framesOf(Buffer.concat(sent));
  const settled = async (count: number) => {
    while (seen().filter(([type, flags]) => type === 1 && flags & 1).length < count) await new Promise(resolve => setImmediate(resolve));
  };
  for (const byte of PREFACE) give(Buffer.of(byte));
  give(FRAME(4, 0, 0));
  const words = "all that was cut comes whole, ".repeat(5);
  let id = -1;
  // Every length of piece, so that each place is cut once.
  const lengths = [1, 2, 3, 5, 7, 8, 9, 10, 11, 13, 17, 31, 64, 127, 1000];
  for (const length of lengths) {
    id += 2;
    const bytes = stream(id, `${words}${id}`);
    for (let at = 0; at < bytes.length; at += length) give(bytes.subarray(at, at + length));
    await settled((id + 1) / 2);
  }
  // And everything at once.
  give(Buffer.concat([stream(id + 2, "first"), stream(id + 4, "second")]));
  await settled((id + 5) / 2);
  const answers = new Map(seen().flatMap(([type, , on, payload]) => (type === 0 && payload.length > 0 ? [[on, payload.subarray(5)]] : [])));
  for (let i = 0; i < lengths.length; i++) assert.equal(decode(Text, answers.get(2 * i + 1)!).text, `${words}${2 * i + 1}`);
  assert.equal(decode(Text, answers.get(id + 2)!).text, "first");
  assert.equal(decode(Text, answers.get(id + 4)!).text, "second");
  assert.equal(
    seen().filter(([type, flags, , payload]) => type === 6 && flags === 1 && String(payload) === "abcdefgh").length,
    lengths.length + 2,
  );
});
const bad: Record<string, [Buffer, number]> = {
  "a frame larger than allowed": [Buffer.from("00400100000000000100", "hex"), 6],
  "data on no stream": [FRAME(0, 0, 0), 1],
  "data on a stream that never was": [FRAME(0, 0, 7), 1],
  "headers on a stream of even number": [FRAME(1, 4, 2, REQUEST), 1],
  "headers that no table explains": [FRAME(1, 4, 1, Buffer.from("ff", "hex")), 9],
  "padding longer than its frame": [FRAME(1, 4 | 8, 1, Buffer.from("ff00", "hex")), 1],
  "something else between the parts of headers": [Buffer.concat([FRAME(1, 0, 1, REQUEST), FRAME(6, 0, 0, Buffer.alloc(8))]), 1],
  "endless parts of headers": [Buffer.concat([FRAME(1, 0, 1, REQUEST), ...Array(100).fill(FRAME(9, 0, 1, Buffer.of(0)))]), 11],
  "settings of odd length": [FRAME(4, 0, 0, Buffer.alloc(5)), 1],
  "a window that overflows": [FRAME(8, 0, 0, Buffer.from("7fffffff", "hex")), 3],
  "a promise by a client": [FRAME(5, 0, 1), 1],
  "a ping of odd length": [FRAME(6, 0, 0, Buffer.alloc(7)), 1],
};
for (const [name, [bytes, code]] of Object.entries(bad)) {
  test(`the connection ends with its reason after ${name}`, async t => {
    const { socket } = await serve(t, undefined);
    const raw = net.connect(socket);
    raw.on("error", () => {});
    const got: Buffer[] = [];
    raw.on("data", chunk => got.push(chunk as Buffer));
    raw.write(Buffer.concat([PREFACE, FRAME(4, 0, 0), bytes]));
    await once(raw, "close");
    const all = Buffer.concat(got);
    let reason: number | undefined;
    for (let at = 0; at + 9 <= all.length; at += 9 + all.readUIntBE(at, 3)) if (all[at + 3] === 7) reason = all.readUInt32BE(at + 13);
    assert.equal(reason, code);
  });
}
