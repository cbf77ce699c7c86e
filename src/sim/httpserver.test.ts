/** What a simulated container answers over a connection of bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/limits.ts";
import { pipePair } from "#base/pipes.ts";
import type { SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";
import { serveHttp } from "./httpserver.ts";

/** What the server writes to a client that sends these pieces and ends. */
async function said(pieces: readonly string[], answer?: (m: Omit<SimulatedRequest, "port">) => SimulatedAnswer): Promise<string> {
  const [client, server] = pipePair();
  const echo = ({ method, path, headers, body }: Omit<SimulatedRequest, "port">) => ({
    body: `${method} ${path} ${headers["x-a"] ?? ""} ${body}`,
  });
  const ended = serveHttp(server, async m => ({ status: 200, headers: {}, body: "", ...(answer ?? echo)(m) }));
  for (const piece of pieces) await client.write(new TextEncoder().encode(piece));
  client.end();
  let all = "";
  for await (const bytes of client.incoming) all += new TextDecoder().decode(bytes);
  await ended;
  return all;
}
const answered = (body: string, more = "") => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

test("requests come one after another, in whatever pieces", async () => {
  const two = "GET /x?y=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:2 \r\n\r\nPOST /z HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello";
  const both = answered("GET /x?y=1 1, 2 ") + answered("POST /z  hello");
  assert.equal(await said([two]), both);
  assert.equal(await said([...two]), both);
});

test("a chunked body, one that is announced, and an empty line before a request", async () => {
  const chunked = "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: 1\r\n\r\n";
  assert.equal(await said([`\r\n${chunked}`]), answered("PUT /  wikipedia"));
  const announced = "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok";
  assert.equal(await said([announced]), `HTTP/1.1 100 Continue\r\n\r\n${answered("POST /  ok")}`);
});

test("whoever asks for no more gets no more", async () => {
  const close = answered("GET /  ", "connection: close\r\n");
  assert.equal(await said(["GET / HTTP/1.1\r\nconnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n"]), close);
  assert.equal(await said(["GET / HTTP/1.0\r\n\r\n"]), close);
  assert.equal(await said(["GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"]), answered("GET /  "));
  assert.equal(await said(["HEAD / HTTP/1.1\r\n\r\n"]), "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n");
});

test("what an image says of its answer is sent; what it throws is its failure", async () => {
  const headers = { "Content-Type": "text/html", "X-Split": "a\r\nb: c", "Content-Length": "999" };
  assert.equal(
    await said(["GET / HTTP/1.1\r\n\r\n"], () => ({ status: 404, headers, body: "no" })),
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nX-Split: a b: c\r\ncontent-length: 2\r\n\r\nno",
  );
  assert.equal(await said(["DELETE / HTTP/1.1\r\n\r\n"], () => ({ status: 204, body: "none" })), "HTTP/1.1 204 No Content\r\n\r\n");
  const failing = () => {
    throw new Error("it broke");
  };
  assert.equal(await said(["GET / HTTP/1.1\r\n\r\n"], failing), "HTTP/1.1 500 \r\ncontent-length: 9\r\n\r\nit broke\n");
});

test("what is no request is refused, and bounded", async () => {
  assert.match(await said(["hello\r\n\r\n"]), /^HTTP\/1\.1 400 .*connection: close.*request line/s);
  assert.match(await said(["GET / HTTP/2\r\n\r\n"]), /^HTTP\/1\.1 400 /);
  assert.match(await said(["GET / HTTP/1.1\r\n: x\r\n\r\n"]), /^HTTP\/1\.1 400 .*header line/s);
  assert.match(await said(["GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"]), /^HTTP\/1\.1 400 .*length/s);
  assert.match(await said([`GET / HTTP/1.1\r\ncontent-length: ${limits.requestBody + 1}\r\n\r\n`]), /^HTTP\/1\.1 413 /);
  assert.match(await said(["GET / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n"]), /^HTTP\/1\.1 501 /);
  assert.match(await said(["GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"]), /^HTTP\/1\.1 400 /);
  assert.match(await said([`GET /${"x".repeat(limits.simulatedHead)} HTTP/1.1\r\n\r\n`]), /^HTTP\/1\.1 431 /);
  assert.match(await said([`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(limits.simulatedHead / 6)}\r\n`]), /^HTTP\/1\.1 431 /);
  assert.equal(await said(["GET / HTTP/1.1\r\nhos"]), "");
  assert.equal(await said(["POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhel"]), "");
});
