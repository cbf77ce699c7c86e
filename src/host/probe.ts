/** Probes and hooks over the node's network, with the words that Go's clients use for what goes wrong. */
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import { http } from "#host/nodehttp.ts";
import type { HttpAnswer, HttpTarget, Prober } from "#kubelet/ports.ts";

const BODY = 10 * 1024;
const REDIRECTS = 10;
const HEALTH = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const GRPC_UNIMPLEMENTED = "12";

const bracketed = (host: string) => (net.isIPv6(host) ? `[${host}]` : host);
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};
function dialError(error: unknown, host: string, port: number): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ECONNRESET") return "read: connection reset by peer";
  if (WORDS[code]) return `dial tcp ${bracketed(host)}:${port}: connect: ${WORDS[code]}`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${host}: no such host`;
  return message === "socket hang up" ? "EOF" : message;
}

export const hostProber: Prober = {
  async http(target, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    let next = target;
    for (let i = 0; i <= REDIRECTS; i++) {
      const { answer, location } = await once(next, deadline);
      if (location === undefined || answer.status < 300 || answer.status >= 400) return answer;
      const from = new URL(`${next.scheme.toLowerCase()}://${bracketed(next.host)}:${next.port}${next.path}`);
      const to = new URL(location, from);
      if (to.hostname !== from.hostname) return { ...answer, redirected: to.href };
      const scheme = to.protocol === "https:" ? "HTTPS" : "HTTP";
      next = { ...next, scheme, port: Number(to.port) || (scheme === "HTTPS" ? 443 : 80), path: to.pathname + to.search };
    }
    throw new Error(`stopped after ${REDIRECTS} redirects`);
  },
  tcp: (host, port, timeoutMs) =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host, port });
      const timer = setTimeout(() => socket.destroy(new Error(`dial tcp ${bracketed(host)}:${port}: i/o timeout`)), timeoutMs);
      socket.once("close", () => clearTimeout(timer));
      socket.once("connect", () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", error => reject(new Error(dialError(error, host, port))));
    }),
  grpc: grpcHealth,
};

function once(target: HttpTarget, deadline: number): Promise<{ answer: HttpAnswer; location: string | undefined }> {
  const { scheme, host, port, headers } = target;
  // what the wire cannot carry is escaped, the rest goes as it is written
  const path = target.path.replace(/[^\x21-\x7e]/g, c => encodeURIComponent(c));
  const url = `${scheme.toLowerCase()}://${bracketed(host)}:${port}${path}`;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`Get "${url}": ${why}`));
    const sent: Record<string, string | string[]> = {};
    for (const { name, value } of headers) {
      const known = sent[name];
      sent[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
    }
    const options = { host, port, path, headers: sent, agent: false as const, rejectUnauthorized: false };
    const request = scheme === "HTTPS" ? https.get(options) : http.get(options);
    const timer = setTimeout(
      () => {
        fail("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        request.destroy();
      },
      Math.max(1, deadline - Date.now()),
    );
    request.once("close", () => clearTimeout(timer));
    request.once("error", error => fail(dialError(error, host, port)));
    request.once("response", response => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      const done = () => {
        const body = Buffer.concat(chunks).subarray(0, BODY).toString("utf8");
        resolve({ answer: { status: response.statusCode ?? 0, body }, location: response.headers.location });
        request.destroy();
      };
      response.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= BODY) done();
      });
      response.once("end", done);
      response.once("error", error => fail(dialError(error, host, port)));
    });
  });
}

/** grpc.health.v1.Health/Check by hand: one message each way does not need a gRPC library. */
function grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<string> {
  const name = Buffer.from(service);
  const message = name.length > 0 ? Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]) : Buffer.alloc(0);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const frame = Buffer.concat([head, message]);
  const at = `${bracketed(host)}:${port}`;
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${at}`);
    const settle = (body: () => void) => {
      clearTimeout(timer);
      body();
      session.destroy();
    };
    const fail = (why: string) => settle(() => reject(new Error(why)));
    const seconds = `${timeoutMs / 1000}s`;
    const timer = setTimeout(
      () => fail(`timeout: failed to connect service "${at}" within ${seconds}: context deadline exceeded`),
      timeoutMs,
    );
    session.once("error", error => fail(`error: failed to connect service "${at}": ${dialError(error, host, port)}`));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "kube-probe/1.36",
    });
    const chunks: Uint8Array[] = [];
    let status: string | undefined;
    let words = "";
    const take = (headers: http2.IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) status = String(headers["grpc-status"]);
      if (headers["grpc-message"] !== undefined) words = decodeURIComponent(String(headers["grpc-message"]));
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    // a stream that is cancelled with its connection carries the connection's error as its cause
    stream.once("error", error => fail(`error: health rpc failed: ${dialError(error.cause ?? error, host, port)}`));
    stream.once("end", () => {
      if (status === GRPC_UNIMPLEMENTED)
        return fail("error: this server does not implement the grpc health protocol (grpc.health.v1.Health)");
      if (status !== undefined && status !== "0") return fail(`error: health rpc failed: rpc error: code = ${status} desc = ${words}`);
      const body = Buffer.concat(chunks).subarray(5);
      const value = body[0] === 0x08 ? (body[1] ?? 0) : 0;
      settle(() => resolve(HEALTH[value] ?? "UNKNOWN"));
    });
    stream.end(frame);
  });
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)];
}
