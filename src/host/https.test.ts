import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import type { HttpRequest } from "#base/http.ts";
import { silentLog } from "#base/log.ts";
import { remoteTransport } from "#host/https.ts";
import { ensurePki } from "#host/pki.ts";
import { serveHttps } from "#host/server.ts";

test("bodies of every method arrive whole, and the connection serves the next request", async () => {
  const folder = await mkdtemp(join(tmpdir(), "https-"));
  const names = { nodeName: "n", nodeAddresses: [], clusterDomain: "cluster.local", serviceAddress: "10.96.0.1" };
  const pki = await ensurePki(folder, { ...names, server: "https://127.0.0.1", kubeconfig: join(folder, "kubeconfig") }, Date.now());
  const { certificate: cert, key } = pki.apiserver;
  const read = async ({ body }: HttpRequest) => {
    if (body instanceof Uint8Array) return text(body);
    let all = "";
    for await (const part of body ?? []) all += text(part);
    return all;
  };
  const handler = async (request: HttpRequest) => ({
    status: 200,
    headers: {},
    body: utf8(`${request.method} ${await read(request)} ${request.peer?.certificate?.commonName}`),
  });
  const server = await serveHttps({ handler, port: 0, host: "127.0.0.1", cert, key, clientCa: pki.ca, log: silentLog });
  const { certificate, key: adminKey } = pki.admin;
  const transport = remoteTransport({ server: `https://127.0.0.1:${server.port}`, ca: pki.ca, cert: certificate, key: adminKey });
  try {
    for (const method of ["DELETE", "POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await transport.handle({ method, url: "/", headers: {}, body: utf8('{"a":1}') });
      const body = await Array.fromAsync(answer.body as AsyncIterable<Uint8Array>);
      assert.equal(Buffer.concat(body).toString(), `${method} {"a":1} kubernetes-admin`);
    }
  } finally {
    transport.close();
    await server.close(100);
    await rm(folder, { recursive: true });
  }
});
