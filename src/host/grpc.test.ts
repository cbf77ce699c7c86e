import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import http2 from "node:http2";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { message, method } from "#base/message.ts";
import { rpcCode as code } from "#base/rpc.ts";
import { type GrpcClient, GrpcError, grpcClient } from "./grpc.ts";
import { decode } from "./protobuf.ts";
import { encode } from "./protobufwriter.ts";

const Text = message({ text: [1, "string"] });
const call = (name: string) => method(`/test.Test/${name}`, Text, Text);

/** A server that does what the method's name says. */
function testServer(seen: { cancelled: number; metadata: string[] }): http2.Http2Server {
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream, headers) => {
    const parts: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("close", () => {
      if (stream.rstCode !== 0) seen.cancelled++;
    });
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => {
      const { text } = decode(Text, Buffer.concat(parts).subarray(5));
      seen.metadata.push(String(headers.who ?? ""));
      const frame = (answer: string) => {
        const body = encode(Text, { text: answer });
        return Buffer.concat([Uint8Array.of(0, 0, 0, 0, body.length), body]);
      };
      const answer = (status: number, said: string, ...frames: string[]) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(status), "grpc-message": said }));
        for (const one of frames) stream.write(frame(one));
        stream.end();
      };
      switch (String(headers[":path"]).split("/").at(-1)) {
        case "Echo":
          return answer(0, "", text);
        case "Stream":
          return answer(0, "", "a", "b", "c");
        case "Refuse":
          return answer(5, "no such%20thing: %C3%BC");
        case "Bare":
          return stream.respond({ ":status": 200, "grpc-status": "12", "grpc-message": "unknown" }, { endStream: true });
        case "Endless":
          stream.respond({ ":status": 200 });
          stream.write(frame("first"));
          return;
        default:
          return stream.respond({ ":status": 404 }, { endStream: true });
      }
    });
  });
  return server;
}

describe("the gRPC client", () => {
  const seen = { cancelled: 0, metadata: [] as string[] };
  let directory: string;
  let socket: string;
  let server: http2.Http2Server;
  let client: GrpcClient;
  const listen = async () => {
    server = testServer(seen);
    await new Promise<void>(resolve => server.listen(socket, resolve));
  };
  const sessions = new Set<http2.ServerHttp2Session>();
  const close = async () => {
    for (const session of sessions) session.destroy();
    await new Promise<void>(resolve => server.close(() => resolve()));
  };
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "cox-grpc-"));
    socket = path.join(directory, "s.sock");
    await listen();
    server.on("session", session => sessions.add(session));
    client = grpcClient(socket);
  });
  after(async () => {
    client.close();
    await close();
    await rm(directory, { recursive: true });
  });
  const fails = (status: number, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof GrpcError);
    assert.equal(error.code, status);
    assert.match(error.message, words);
    return true;
  };

  it("calls, with metadata", async () => {
    assert.deepEqual(await client.call(call("Echo"), { text: "hi" }, { metadata: { who: "me" } }), { text: "hi" });
    assert.equal(seen.metadata.at(-1), "me");
  });
  it("tells statuses apart, with and without an answer before them", async () => {
    await assert.rejects(client.call(call("Refuse"), {}), fails(code.notFound, /^no such thing: \u00fc$/));
    await assert.rejects(client.call(call("Bare"), {}), fails(code.unimplemented, /unknown/));
    await assert.rejects(client.call(call("Missing"), {}), fails(code.unknown, /404/));
  });
  it("streams, and cancels when the reader leaves", async () => {
    const all: string[] = [];
    for await (const { text } of client.stream(call("Stream"), {})) all.push(text);
    assert.deepEqual(all, ["a", "b", "c"]);
    const before = seen.cancelled;
    for await (const { text } of client.stream(call("Endless"), {})) {
      assert.equal(text, "first");
      break;
    }
    for (let i = 0; i < 100 && seen.cancelled === before; i++) await new Promise(resolve => setTimeout(resolve, 5));
    assert.equal(seen.cancelled, before + 1);
  });
  it("gives up when told to, and after its time", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(client.call(call("Endless"), {}, { signal: stop.signal }), fails(code.cancelled, /cancelled/));
    await assert.rejects(client.call(call("Echo"), {}, { signal: stop.signal }), fails(code.cancelled, /cancelled/));
    await assert.rejects(client.call(call("Endless"), {}, { timeout: 10 }), fails(code.deadlineExceeded, /10 ms/));
  });
  it("says when nobody is there, and connects again", async () => {
    await close();
    await assert.rejects(client.call(call("Echo"), { text: "x" }), fails(code.unavailable, /./));
    await listen();
    assert.deepEqual(await client.call(call("Echo"), { text: "back" }), { text: "back" });
  });
});
