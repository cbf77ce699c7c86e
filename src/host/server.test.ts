import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { request as request1 } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import type { Handler, HttpRequest, HttpResponse } from "#base/http.ts";
import { silentLog } from "#base/log.ts";
import { ensurePki, type Pki } from "#host/pki.ts";
import { type HttpsServer, serveHttps } from "#host/server.ts";

let folder: string;
let pki: Pki;
let server: HttpsServer;
let last: HttpRequest | undefined;
const LARGE = 4 * 1024 * 1024;

const handler: Handler = async (request): Promise<HttpResponse> => {
  last = request;
  if (request.url === "/echo") {
    const parts: Uint8Array[] = [];
    if (request.body instanceof Uint8Array) parts.push(request.body);
    else for await (const part of request.body ?? []) parts.push(part);
    return { status: 200, headers: { "content-type": "text/plain", "x-twice": ["a", "b"] }, body: Buffer.concat(parts) };
  }
  if (request.url === "/stream") {
    const body = async function* () {
      for (let i = 0; i < 64; i++) yield new Uint8Array(64 * 1024).fill(i);
    };
    return { status: 200, headers: {}, body: body() };
  }
  if (request.url === "/large") return { status: 200, headers: {}, body: new Uint8Array(LARGE) };
  if (request.url === "/upgrade")
    return {
      status: 101,
      headers: { connection: "Upgrade", upgrade: "test" },
      async takeOver(pipe) {
        for await (const part of pipe.incoming) await pipe.write(utf8(`<${text(part)}>`));
        pipe.end();
      },
    };
  return { status: 404, headers: {} };
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "server-"));
  const names = {
    nodeName: "n",
    nodeAddresses: ["127.0.0.1"],
    clusterDomain: "cluster.local",
    serviceAddress: "10.96.0.1",
    server: "https://127.0.0.1",
    kubeconfig: join(folder, "kubeconfig"),
  };
  pki = await ensurePki(folder, names, Date.now());
  const { certificate: cert, key } = pki.apiserver;
  server = await serveHttps({ handler, port: 0, host: "127.0.0.1", cert, key, clientCa: pki.ca, log: silentLog });
});
after(async () => {
  await server.close(100);
  await rm(folder, { recursive: true, force: true });
});

const options = () => ({ host: "127.0.0.1", port: server.port, ca: pki.ca, agent: false as const });

test("HTTP/1.1: a body goes in and out", async () => {
  const [status, body] = await new Promise<[number, string]>((resolve, reject) => {
    const r = request1({ ...options(), path: "/echo", method: "POST" }, response => {
      let all = "";
      response.on("data", d => {
        all += d;
      });
      response.on("end", () => resolve([response.statusCode ?? 0, all]));
    });
    r.on("error", reject);
    r.end("hello");
  });
  assert.deepEqual([status, body], [200, "hello"]);
  assert.equal(last?.peer?.certificate, undefined);
});

test("HTTP/2: bodies stream, and the client's certificate is told", async () => {
  const { admin } = pki;
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: pki.ca, cert: admin.certificate, key: admin.key });
  const size = await new Promise<number>((resolve, reject) => {
    const stream = session.request({ ":path": "/stream" });
    let n = 0;
    stream.on("data", (d: Buffer) => {
      n += d.length;
    });
    stream.on("end", () => resolve(n));
    stream.on("error", reject);
    stream.end();
  });
  assert.equal(size, 64 * 64 * 1024);
  assert.equal(last?.peer?.certificate?.commonName, "kubernetes-admin");
  assert.deepEqual(last?.peer?.certificate?.organizations, ["system:masters"]);
  assert.equal(last?.body, undefined);
  await new Promise<void>(resolve => session.close(resolve));
});

test("HTTP/2: large answers that nobody reads yet do not make the next request fail", async () => {
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: pki.ca });
  const ask = async () => {
    const stream = session.request({ ":path": "/large" });
    stream.end();
    await once(stream, "response");
    return stream;
  };
  const streams = [];
  for (let i = 0; i < 8; i++) streams.push(await ask());
  for (const stream of streams) {
    let size = 0;
    for await (const chunk of stream) size += (chunk as Buffer).length;
    assert.equal(size, LARGE);
  }
  await new Promise<void>(resolve => session.close(resolve));
});

test("an upgrade is handed over", async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const r = request1({ ...options(), path: "/upgrade", headers: { connection: "Upgrade", upgrade: "test" } });
    r.on("upgrade", (_response, socket) => {
      socket.on("data", d => {
        resolve(String(d));
        socket.destroy();
      });
      socket.write("hi");
    });
    r.on("error", reject);
    r.end();
  });
  assert.equal(answer, "<hi>");
  assert.equal(last?.upgradable, true);
});

test("a busy port is said in one sentence", async () => {
  const { certificate: cert, key } = pki.apiserver;
  await assert.rejects(
    serveHttps({ handler, port: server.port, host: "127.0.0.1", cert, key, log: silentLog }),
    new Error(`port ${server.port} on 127.0.0.1 is in use by another program`),
  );
});
