import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { after, test } from "node:test";
import { hostProber } from "./probe.ts";

const servers: { close(): unknown }[] = [];
after(() => {
  for (const s of servers) s.close();
});
async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
const target = (port: number, path: string) => ({
  scheme: "HTTP" as const,
  host: "127.0.0.1",
  port,
  path,
  headers: [{ name: "X-Probe", value: "1" }],
});

test("http: status, headers, redirects within and without, refusal and time-out", async () => {
  const port = await listening(
    http.createServer((request, response) => {
      if (request.url === "/slow") return;
      if (request.url === "/here") response.writeHead(302, { location: "/ok?x=a%2Fb" }).end();
      else if (request.url === "/away") response.writeHead(302, { location: "http://elsewhere.example/" }).end();
      else response.writeHead(request.headers["x-probe"] ? 200 : 500).end(request.url);
    }),
  );
  assert.deepEqual(await hostProber.http(target(port, "/dial?request=echo%3Fmsg%3Dx"), 1000), {
    status: 200,
    body: "/dial?request=echo%3Fmsg%3Dx",
  });
  assert.equal((await hostProber.http(target(port, "/here"), 1000)).body, "/ok?x=a%2Fb");
  assert.equal((await hostProber.http(target(port, "/away"), 1000)).redirected, "http://elsewhere.example/");
  await assert.rejects(hostProber.http(target(port, "/slow"), 50), /context deadline exceeded/);
  await assert.rejects(hostProber.http(target(1, "/"), 1000), {
    message: 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  });
  await hostProber.tcp("127.0.0.1", port, 1000);
  await assert.rejects(hostProber.tcp("127.0.0.1", 1, 1000), { message: "dial tcp 127.0.0.1:1: connect: connection refused" });
});

test("grpc: the health service's answer, its errors, and no server", async () => {
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (c: Buffer) => chunks.push(c));
    stream.on("end", () => {
      const service = Buffer.concat(chunks).subarray(7).toString();
      if (service === "unknown") {
        stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true });
        return;
      }
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === "sick" ? 2 : 1]));
    });
  });
  const port = await listening(server as unknown as Server);
  assert.equal(await hostProber.grpc("127.0.0.1", port, "", 1000), "SERVING");
  assert.equal(await hostProber.grpc("127.0.0.1", port, "sick", 1000), "NOT_SERVING");
  await assert.rejects(hostProber.grpc("127.0.0.1", port, "unknown", 1000), /does not implement the grpc health protocol/);
  await assert.rejects(hostProber.grpc("127.0.0.1", 1, "", 1000), /connection refused/);
});
