/**
 * Where etcd's API is served: one address for gRPC (HTTP/2, with or without TLS) and plain HTTP (1.1, and 2 for those who speak it),
 * told apart by ALPN or by the first bytes of a connection.
 */
import { once } from "node:events";
import type { Server as Http1Server, IncomingMessage, ServerResponse } from "node:http";
import net from "node:net";
import type { Readable, Writable } from "node:stream";
import tls from "node:tls";
import type { Handler, HttpRequest, HttpResponse, Peer } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Route } from "#base/rpc.ts";
import { RpcError, rpcCode } from "#base/rpc.ts";
import { GrpcServer } from "./grpcserver.ts";
import { hpackBlock } from "./hpack.ts";
import { fault, PREFACE } from "./http2frames.ts";
import { Http2Connection } from "./http2server.ts";
import type { Http2Stream } from "./http2stream.ts";
import { http } from "./nodehttp.ts";
import { drained, peerOf } from "./server.ts";

/** Texts in PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Without a certificate from it nobody connects; undefined: none is asked for. */
  readonly clientCa?: string;
  /** Of `clientCa`: what it has revoked. */
  readonly crl?: string;
  /** The name that clients' certificates are to be for. */
  readonly allowedHostname?: string;
  /** OpenSSL's names, with colons between. */
  readonly ciphers?: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1.2" | "TLSv1.3";
}
export interface EtcdListenerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. Without `tls` the address speaks plain text. */
  readonly tls?: ListenerTls;
  readonly routes: ReadonlyMap<string, Route>;
  readonly handler: Handler;
  /** Bytes of one request. */
  readonly message: number;
  readonly failed: (error: unknown) => RpcError;
  readonly log: Log;
}
export interface EtcdListener {
  readonly port: number;
  /** Connections from now on are by these certificates. Throws when they cannot be used. */
  renew(tls: ListenerTls): void;
  /** Lets calls under way finish for `graceMs`, then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

/** Calls at once on one connection; etcd sets no bound, and clients put a watch of each kind on one. */
const STREAMS = 10_000;
const CLOSE_GRACE_MS = 1_000;
const HANDSHAKE_MS = 10_000;

/** Listens; throws one clear sentence when the port is taken. */
export async function serveEtcd(options: EtcdListenerOptions): Promise<EtcdListener> {
  const listener = new Listener(options);
  await listener.listen();
  return listener;
}

class Listener implements EtcdListener {
  private readonly options: EtcdListenerOptions;
  private readonly server: net.Server;
  private readonly grpc: GrpcServer;
  private readonly http1: Http1Server;
  private readonly sockets = new Set<net.Socket>();
  private readonly connections = new Set<Http2Connection>();
  private readonly peers = new WeakMap<object, Peer>();

  constructor(options: EtcdListenerOptions) {
    this.options = options;
    this.grpc = new GrpcServer({
      routes: options.routes,
      message: options.message,
      failed: (error, path) => {
        const told = options.failed(error);
        if (told.code === rpcCode.unknown && !(error instanceof RpcError)) {
          options.log.error("a call failed", { path, error: String((error as Error)?.stack ?? error) });
        }
        return told;
      },
    });
    this.http1 = http.createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 120_000 });
    this.http1.on("request", (request, response) => void this.answer1(request, response));
    if (options.tls) {
      const { allowedHostname, clientCa } = options.tls;
      const server = tls.createServer({
        ...contextOf(options.tls),
        requestCert: clientCa !== undefined,
        rejectUnauthorized: clientCa !== undefined,
        ALPNProtocols: ["h2", "http/1.1"],
        handshakeTimeout: HANDSHAKE_MS,
      });
      server.on("secureConnection", socket => {
        if (allowedHostname && tls.checkServerIdentity(allowedHostname, socket.getPeerCertificate())) socket.destroy();
        else this.connected(socket);
      });
      server.on("tlsClientError", () => {});
      this.server = server;
    } else {
      this.server = net.createServer(socket => this.connected(socket));
    }
  }
  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }
  renew(changed: ListenerTls): void {
    if (this.server instanceof tls.Server) this.server.setSecureContext(contextOf(changed));
  }
  async listen(): Promise<void> {
    const { host, port } = this.options;
    this.server.listen(port, host);
    try {
      await once(this.server, "listening");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE") throw new Error(`port ${port} on ${host} is in use by another program`);
      throw new Error(`cannot listen on ${host}:${port}: ${message}`);
    }
    this.server.on("error", error => this.options.log.error("the listener failed", { error: String(error) }));
  }
  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    for (const connection of this.connections) connection.leave();
    this.http1.closeIdleConnections();
    const cut = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  private connected(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    const peer = socket instanceof tls.TLSSocket ? peerOf(socket) : { address: socket.remoteAddress ?? "" };
    this.peers.set(socket, peer);
    if (socket instanceof tls.TLSSocket && socket.alpnProtocol === "h2") return this.speak2(socket, peer);
    if (socket instanceof tls.TLSSocket && socket.alpnProtocol === "http/1.1") return this.speak1(socket);
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy());
    let seen: Buffer = Buffer.alloc(0);
    const look = () => {
      const chunk = socket.read() as Buffer | null;
      if (!chunk) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const known = Math.min(seen.length, PREFACE.length);
      const maybe = seen.subarray(0, known).equals(PREFACE.subarray(0, known));
      if (maybe && known < PREFACE.length) return;
      socket.off("readable", look);
      socket.setTimeout(0);
      socket.unshift(seen);
      if (maybe) this.speak2(socket, peer);
      else this.speak1(socket);
    };
    socket.on("readable", look);
  }
  private speak1(socket: net.Socket): void {
    this.http1.emit("connection", socket);
  }
  private speak2(socket: net.Socket, peer: Peer): void {
    const connection = new Http2Connection(socket, {
      streams: STREAMS,
      window: 2 * this.options.message,
      peer,
      onStream: stream => {
        if (GrpcServer.takes(stream.headers)) this.grpc.serve(stream);
        else void this.answer2(stream);
      },
    });
    this.connections.add(connection);
    socket.on("close", () => this.connections.delete(connection));
  }

  private async answer1(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    response.on("error", () => {});
    const headers: Record<string, string | undefined> = {};
    for (const name in request.headers) headers[name] = String(request.headers[name]);
    const peer = this.peers.get(request.socket);
    const answer = await this.handle({
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers,
      body: request as Readable,
      signal: gone.signal,
      ...(peer && { peer }),
    });
    if (response.destroyed) return;
    response.writeHead(answer.status, answer.headers as Record<string, string>);
    await send(response, answer.body).catch(() => response.destroy());
  }
  private async answer2(stream: Http2Stream): Promise<void> {
    const gone = new AbortController();
    const { headers, peer } = stream;
    try {
      const answer = await this.handle({
        method: headers[":method"] ?? "GET",
        url: headers[":path"] ?? "/",
        headers,
        body: bodyOf(stream, () => gone.abort(), this.options.message),
        signal: gone.signal,
        ...(peer && { peer }),
      });
      const list = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
      stream.respond(hpackBlock([[":status", String(answer.status)], ...list]));
      for await (const part of parts(answer.body)) {
        if (stream.closed) break;
        stream.write([part]);
        await stream.drained();
      }
      stream.end();
    } catch {
      stream.reset(fault.internal);
    } finally {
      stream.finished();
    }
  }
  private async handle(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.options.handler(request);
    } catch (error) {
      this.options.log.error("a request's handler failed", { url: request.url, error: String((error as Error).stack ?? error) });
      return { status: 500, headers: { "content-type": "text/plain; charset=utf-8" } };
    }
  }
}

function contextOf({ cert, key, clientCa, crl, ciphers, minVersion, maxVersion }: ListenerTls): tls.SecureContextOptions {
  return { cert, key, ca: clientCa, crl, ...(ciphers && { ciphers }), minVersion, maxVersion };
}

/** What a stream's other side sends, with its window as the bound of what is kept. */
function bodyOf(stream: Http2Stream, gone: () => void, most: number): AsyncIterable<Uint8Array> {
  const waiting: Buffer[] = [];
  let ended = stream.remoteEnded;
  let wake: (() => void) | undefined;
  stream.reader = {
    data(bytes) {
      waiting.push(Buffer.from(bytes));
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    gone() {
      ended = true;
      gone();
      wake?.();
    },
  };
  return (async function* () {
    let size = 0;
    while (size <= most) {
      const next = waiting.shift();
      if (next) {
        size += next.length;
        stream.consumed(next.length);
        yield next;
      } else if (ended) return;
      else
        await new Promise<void>(resolve => {
          wake = resolve;
        });
    }
  })();
}
async function* parts(body: HttpResponse["body"]): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else if (body) yield* body;
}
async function send(out: Writable, body: HttpResponse["body"]): Promise<void> {
  for await (const part of parts(body)) {
    if (out.destroyed) return;
    if (!out.write(part)) await drained(out);
  }
  out.end();
}
