import assert from "node:assert/strict";
import { describe, it } from "node:test";
import zlib from "node:zlib";
import { pipePair } from "#base/pipes.ts";
import { spdySession } from "./spdy.ts";
import { controlFrame, dataFrame, dictionary, FLAG_FIN, type Frame, FrameReader, frameType, HeaderCodec, words } from "./spdyframes.ts";

describe("SPDY frames", () => {
  it("has the dictionary of the specification", () => {
    // zlib names a dictionary by its Adler-32; every SPDY/3 stream begins with this one.
    const stream = zlib.deflateSync(Buffer.from("x"), { dictionary: dictionary() });
    assert.equal(dictionary().length, 1423);
    assert.equal(stream.readUInt32BE(2), 0xe3c6a7c2);
  });
  it("keeps headers through one context, block after block", async () => {
    const [out, back] = [new HeaderCodec(), new HeaderCodec()];
    const blocks: Record<string, string>[] = [{ streamtype: "error", port: "80" }, { streamtype: "data" }, {}, { x: "y".repeat(40_000) }];
    for (const headers of blocks) {
      assert.deepEqual(await back.decode(await out.encode(headers)), headers);
    }
    await assert.rejects(back.decode(Buffer.from("no zlib")));
    out.close();
    back.close();
  });
  it("cuts bytes into frames wherever they are split", () => {
    const bytes = Buffer.concat([
      controlFrame(frameType.ping, 0, words(1)),
      dataFrame(3, FLAG_FIN, Buffer.from("data")),
      dataFrame(5, 0, Buffer.alloc(0)),
    ]);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new FrameReader();
      const frames: Frame[] = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
      assert.deepEqual(
        frames.map(f => [f.type, f.streamId, f.flags, f.body.toString("latin1")]),
        [
          [6, 0, 0, "\0\0\0\x01"],
          [undefined, 3, FLAG_FIN, "data"],
          [undefined, 5, 0, ""],
        ],
      );
    }
    assert.throws(() => [...new FrameReader().push(Buffer.from("GET / HTTP/1.1\r\n").fill(0x80, 0, 1))], /SPDY version/);
  });
});

describe("a SPDY session", () => {
  /** A session beside the bare frames of its other side. */
  function withPeer() {
    const [near, far] = pipePair();
    const session = spdySession(near, "server");
    const codec = new HeaderCodec();
    const frames: Frame[] = [];
    void (async () => {
      const reader = new FrameReader();
      for await (const chunk of far.incoming) frames.push(...reader.push(chunk));
    })();
    const until = async (found: (f: Frame) => boolean) => {
      for (let i = 0; i < 400; i++) {
        const frame = frames.find(found);
        if (frame !== undefined) return frame;
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      throw new Error("no such frame came");
    };
    const openStream = async (id: number) => {
      const head = Buffer.concat([words(id, 0), Buffer.alloc(2), await codec.encode({ streamtype: "x" })]);
      await far.write(controlFrame(frameType.synStream, 0, head));
      for await (const stream of session.streams) return stream;
      throw new Error("no stream");
    };
    return { session, far, frames, until, openStream };
  }

  it("keeps to the windows of a peer that grants some", async () => {
    const { session, far, frames, until, openStream } = withPeer();
    await far.write(controlFrame(frameType.settings, 0, words(1, 7, 100_000)));
    const stream = await openStream(1);
    const received = () => frames.filter(f => f.type === undefined).reduce((sum, f) => sum + f.body.length, 0);
    const writing = stream.write(Buffer.alloc(200_000));
    await until(() => received() >= 65_536);
    await new Promise(resolve => setTimeout(resolve, 20));
    // The session's own window is the smaller one.
    assert.equal(received(), 65_536);
    await far.write(controlFrame(frameType.windowUpdate, 0, words(0, 1_000_000)));
    await until(() => received() >= 100_000);
    await new Promise(resolve => setTimeout(resolve, 20));
    assert.equal(received(), 100_000);
    await far.write(controlFrame(frameType.windowUpdate, 0, words(1, 100_000)));
    await writing;
    assert.equal(received(), 200_000);
    session.close();
  });
  it("grants a window to a peer that stops at a full one, and none to a peer that has no flow control", async () => {
    const strict = withPeer();
    const stream = await strict.openStream(1);
    for (let i = 0; i < 2; i++) await strict.far.write(dataFrame(1, 0, Buffer.alloc(32_768)));
    let size = 0;
    for await (const bytes of stream.incoming) {
      size += bytes.length;
      if (size === 65_536) break;
    }
    await strict.until(f => f.type === frameType.windowUpdate);
    strict.session.close();

    const loose = withPeer();
    const other = await loose.openStream(1);
    await loose.far.write(dataFrame(1, FLAG_FIN, Buffer.alloc(500_000)));
    let all = 0;
    for await (const bytes of other.incoming) all += bytes.length;
    assert.equal(all, 500_000);
    assert.ok(!loose.frames.some(f => f.type === frameType.windowUpdate));
    loose.session.close();
  });
  it("grants none to a peer without flow control that comes by exactly a full window", async () => {
    const loose = withPeer();
    const stream = await loose.openStream(1);
    let size = 0;
    for (let i = 0; i < 2; i++) await loose.far.write(dataFrame(1, 0, Buffer.alloc(32_768)));
    for await (const bytes of stream.incoming) {
      size += bytes.length;
      if (size === 65_536) void loose.far.write(dataFrame(1, FLAG_FIN, Buffer.alloc(1000)));
    }
    assert.equal(size, 66_536);
    assert.ok(!loose.frames.some(f => f.type === frameType.windowUpdate));
    loose.session.close();
  });
  it("answers pings, ends on reset, and closes with a goodbye", async () => {
    const { session, far, until, openStream } = withPeer();
    const stream = await openStream(1);
    await far.write(controlFrame(frameType.ping, 0, words(77)));
    assert.equal((await until(f => f.type === frameType.ping)).body.readUInt32BE(0), 77);
    await far.write(controlFrame(frameType.rstStream, 0, words(1, 5)));
    for await (const _ of stream.incoming) assert.fail("nothing was sent");
    await assert.rejects(stream.write(Buffer.from("x")), /closed/);
    session.close();
    await until(f => f.type === frameType.goAway);
    await session.closed;
    await assert.rejects(session.open({}), /closed/);
  });
  it("opens many streams at once, in order", async () => {
    const [near, far] = pipePair();
    const [client, server] = [spdySession(near, "client"), spdySession(far, "server")];
    const opened = await Promise.all(Array.from({ length: 50 }, (_, i) => client.open({ number: String(i) })));
    assert.deepEqual(
      opened.map(s => s.id),
      Array.from({ length: 50 }, (_, i) => 2 * i + 1),
    );
    const seen: string[] = [];
    for await (const stream of server.streams) {
      seen.push(stream.headers.number!);
      if (seen.length === 50) break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
    client.close();
    await assert.rejects(client.open({}), /closed/);
    await server.closed;
  });
  it("ends every stream with an error when the connection breaks", async () => {
    const { far, session, openStream } = withPeer();
    const stream = await openStream(1);
    far.destroy();
    await assert.rejects(async () => {
      for await (const _ of stream.incoming);
    }, /the connection was closed/);
    await session.closed;
  });
});
