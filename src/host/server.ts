/**
 * HTTPS for any handler: HTTP/2 and HTTP/1.1 on one port, client certificates told apart from refused ones, upgrades handed over,
 * bodies streamed with back-pressure.
 */
import { once } from "node:events";
import type { Server as Http1Server, IncomingMessage, ServerResponse } from "node:http";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import { createServer as createTls, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { Handler, HttpRequest, HttpResponse, Peer, Pipe } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { http } from "#host/nodehttp.ts";
import { pipeOf } from "#host/pipe.ts";

export interface ServerOptions {
  readonly handler: Handler;
  readonly port: number;
  readonly host: string;
  /** PEM; with `key`, and what signs clients' certificates. */
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
  readonly log: Log;
}
export interface HttpsServer {
  readonly port: number;
  /** New certificates for new connections. */
  reload(certificates: { cert: string; key: string; clientCa?: string }): void;
  /** Takes no more connections, lets what is under way finish for `graceMs`, then cuts it off. */
  close(graceMs?: number): Promise<void>;
}

const MAX_STREAMS = 250;
const WINDOW = 1024 * 1024;
/** MiB that the answers under way on one connection may hold. Node's own 10 refuse the next request beside a few lists; the streams are bounded anyway. */
const SESSION_MEMORY = 1024;
const CLOSE_GRACE_MS = 5_000;
/** Headers of a connection that HTTP/2 does not know. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]);

/** Listens; throws one clear sentence when the port is taken. */
export async function serveHttps(options: ServerOptions): Promise<HttpsServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}

class Server implements HttpsServer {
  private readonly options: ServerOptions;
  private readonly tls: TlsServer;
  private readonly http1: Http1Server;
  private http2: Promise<Http2Server> | undefined;
  private readonly sockets = new Set<TLSSocket>();
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly peers = new WeakMap<object, Peer>();

  constructor(options: ServerOptions) {
    this.options = options;
    const { cert, key, clientCa } = options;
    this.tls = createTls({
      cert,
      key,
      ca: clientCa,
      requestCert: clientCa !== undefined,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", "http/1.1"],
      minVersion: "TLSv1.2",
    });
    // Watches and streams may be silent for as long as they like.
    this.http1 = http.createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 120_000 });
    this.http1.on("request", (request, response) => void this.answer1(request, response));
    this.http1.on("checkContinue", (request, response) => {
      response.writeContinue();
      void this.answer1(request, response);
    });
    this.http1.on("upgrade", (request, socket, head) => void this.upgrade(request, socket, head));
    this.tls.on("secureConnection", socket => this.connected(socket));
    this.tls.on("tlsClientError", () => {});
  }
  get port(): number {
    return (this.tls.address() as AddressInfo).port;
  }
  async listen(): Promise<void> {
    const { port, host } = this.options;
    this.tls.listen(port, host);
    try {
      await once(this.tls, "listening");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE") throw new Error(`port ${port} on ${host} is in use by another program`);
      if (code === "EACCES") throw new Error(`this user may not listen on port ${port}`);
      throw new Error(`cannot listen on ${host}:${port}: ${message}`);
    }
    this.tls.on("error", error => this.options.log.error("the listener failed", { error: String(error) }));
  }
  reload({ cert, key, clientCa }: { cert: string; key: string; clientCa?: string }): void {
    this.tls.setSecureContext({ cert, key, ca: clientCa ?? this.options.clientCa });
  }
  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    const closed = once(this.tls, "close");
    this.tls.close();
    for (const session of this.sessions) session.close();
    this.http1.closeIdleConnections();
    const cut = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  private connected(socket: TLSSocket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    this.peers.set(socket, peerOf(socket));
    if (socket.alpnProtocol !== "h2") {
      this.http1.emit("connection", socket);
      return;
    }
    this.http2 ??= this.makeHttp2();
    void this.http2.then(server => server.emit("connection", socket));
  }
  /** Loading http2 takes some milliseconds that a start need not wait for. */
  private async makeHttp2(): Promise<Http2Server> {
    const { createServer } = await import("node:http2");
    const settings = { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW };
    const server = createServer({ settings, maxSessionMemory: SESSION_MEMORY });
    server.on("session", session => {
      this.sessions.add(session);
      this.peers.set(session, peerOf(session.socket as TLSSocket));
      session.setLocalWindowSize(4 * WINDOW);
      session.on("close", () => this.sessions.delete(session));
      session.on("error", () => {});
    });
    server.on("stream", (stream, headers, flags) => void this.answer2(stream as ServerHttp2Stream, headers, flags));
    server.on("sessionError", () => {});
    return server;
  }

  private async answer2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number): Promise<void> {
    const gone = new AbortController();
    stream.on("error", () => {});
    stream.on("close", () => gone.abort());
    const peer = stream.session && this.peers.get(stream.session);
    const plain: Record<string, string | undefined> = {};
    for (const name in headers) if (name.charCodeAt(0) !== 58) plain[name] = joined(headers[name]);
    plain.host ??= headers[":authority"];
    const ended = (flags & 1) !== 0;
    const response = await this.handle({
      method: headers[":method"] ?? "GET",
      url: headers[":path"] ?? "/",
      headers: plain,
      ...(!ended && { body: incoming(stream) }),
      signal: gone.signal,
      ...(peer && { peer }),
    });
    if (stream.destroyed || stream.closed) return;
    const out: Record<string, string | readonly string[] | number> = { ":status": response.status };
    for (const [name, value] of Object.entries(response.headers)) {
      const lower = name.toLowerCase();
      if (!HOP_BY_HOP.has(lower)) out[lower] = value;
    }
    try {
      stream.respond(out as never, { endStream: !response.body });
      await send(stream, response.body);
    } catch {
      stream.close(2);
    }
  }
  private async answer1(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    response.on("error", () => {});
    const answer = await this.handle({ ...this.request1(request), signal: gone.signal });
    if (response.destroyed) return;
    try {
      for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value as string | string[]);
      response.writeHead(answer.status);
      await send(response, answer.body);
    } catch {
      response.destroy();
    }
  }
  private request1(request: IncomingMessage): HttpRequest {
    const headers: Record<string, string | undefined> = {};
    for (const name in request.headers) headers[name] = joined(request.headers[name]);
    const hasBody =
      headers["content-length"] !== undefined ? headers["content-length"] !== "0" : headers["transfer-encoding"] !== undefined;
    const peer = this.peers.get(request.socket);
    return {
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers,
      ...(hasBody && { body: incoming(request) }),
      ...(peer && { peer }),
    };
  }
  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.on("close", () => gone.abort());
    socket.on("error", () => {});
    const answer = await this.handle({ ...this.request1(request), upgradable: true, signal: gone.signal });
    if (socket.destroyed) return;
    if (answer.status !== 101 || !answer.takeOver) {
      const response = new http.ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as never);
      for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value as string | string[]);
      response.writeHead(answer.status);
      await send(response, answer.body).catch(() => {});
      socket.end();
      return;
    }
    const lines = [`HTTP/1.1 101 Switching Protocols`];
    for (const [name, value] of Object.entries(answer.headers))
      for (const v of typeof value === "string" ? [value] : value) lines.push(`${name}: ${v}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    const pipe: Pipe = pipeOf(socket, head);
    answer.takeOver(pipe);
  }

  /** The handler's answer; one that breaks is a 500, said in the log. */
  private async handle(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.options.handler(request);
    } catch (error) {
      this.options.log.error("a request's handler failed", { url: request.url, error: String((error as Error).stack ?? error) });
      return { status: 500, headers: { "content-type": "text/plain; charset=utf-8" } };
    }
  }
}

const joined = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(", ") : value);

async function* incoming(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
}

/** Writes a body with back-pressure; stops when the other side has gone. */
async function send(out: Writable, body: HttpResponse["body"]): Promise<void> {
  if (!body) {
    out.end();
    return;
  }
  if (body instanceof Uint8Array) {
    out.end(body);
    return;
  }
  for await (const chunk of body) {
    if (out.destroyed) return;
    if (!out.write(chunk)) await drained(out);
    if (out.destroyed) return;
  }
  out.end();
}
export function drained(out: Writable): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      out.off("drain", done);
      out.off("close", done);
      resolve();
    };
    out.on("drain", done);
    out.on("close", done);
  });
}

/** Who is at the other end, and what the verification of its certificate came to. */
export function peerOf(socket: TLSSocket): Peer {
  const address = socket.remoteAddress ?? "";
  const certificate = socket.getPeerCertificate?.();
  if (!certificate?.subject) return { address };
  if (!socket.authorized) return { address, certificateError: String(socket.authorizationError ?? "certificate not trusted") };
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  const all = (v: string | string[] | undefined) => (v === undefined ? [] : Array.isArray(v) ? v : [v]);
  return {
    address,
    certificate: {
      commonName: all(CN)[0] ?? "",
      organizations: all(O),
      notAfter: Date.parse(certificate.valid_to),
      fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    },
  };
}
