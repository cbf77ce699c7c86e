/**
 * A gRPC client for services on a unix socket or at an address, plain or over TLS with a client certificate
 * (https://grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html): unary calls, server streams and two-way streams over
 * node:http2. docs/decisions says why not a library.
 */
import http2 from "node:http2";
import net from "node:net";
import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import { rpcCode as code } from "#base/rpc.ts";
import { decode } from "./protobuf.ts";
import { encode } from "./protobufwriter.ts";

export class GrpcError extends Error {
  readonly code: number;
  /** The service has not seen the call: it may be repeated, whatever it does. */
  readonly unsent: boolean;
  constructor(status: number, message: string, unsent = false) {
    super(message);
    this.code = status;
    this.unsent = unsent;
  }
}
export interface CallOptions {
  /** Milliseconds; none: as long as it takes. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** gRPC metadata, e.g. containerd's namespace. */
  readonly metadata?: Readonly<Record<string, string>>;
}
/** Upstream's kubelet takes answers of as much. */
const MAX_MESSAGE = 16 * 1024 * 1024;

export interface GrpcClient {
  call<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, input: Input<I>, options?: CallOptions): Promise<Value<O>>;
  /** The answers of a server stream, as they come. Leaving the loop cancels the call. */
  stream<I extends AnyMessage, O extends AnyMessage>(
    method: Method<I, O>,
    input: Input<I>,
    options?: CallOptions,
  ): AsyncIterable<Value<O>> & { readonly started: Promise<void> };
  duplex<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, options?: CallOptions): Duplex<I, O>;
  close(): void;
}
export interface Duplex<I extends AnyMessage, O extends AnyMessage> {
  send(input: Input<I>): Promise<void>;
  /** The next answer; undefined at the end. */
  next(): Promise<Value<O> | undefined>;
  end(): void;
  /** Ends the call at once, in both directions. */
  cancel(): void;
}

/** Where a service is: the path of its socket, or an address. */
export type Target = string | Address;
export interface Address {
  /** `http://host:port`, `https://host:port`, or `unix:///path` for a socket, plain. */
  readonly url: string;
  /** In PEM; absent: what the machine trusts, and no client certificate. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
export interface ClientOptions {
  /** Answers of more than this are refused. */
  readonly maxMessage?: number;
  /**
   * While calls are open, a connection on which nothing was heard for this long (ms) is asked for a sign of life, and given up when
   * none comes within PULSE_ANSWER_MS. Servers may refuse to be asked more often than every 5 s.
   */
  readonly pulse?: number;
}
const PULSE_ANSWER_MS = 3_000;
/** For how long an address may take to accept a connection. */
const CONNECT_MS = 3_000;

const UNIX = "unix://";
function connect(target: Target): http2.ClientHttp2Session {
  const settings = { initialWindowSize: 4 * 1024 * 1024 };
  if (typeof target === "string") return http2.connect("http://localhost", { createConnection: () => net.connect(target), settings });
  const { url, ca, cert, key } = target;
  if (url.startsWith(UNIX)) return connect(url.slice(UNIX.length));
  return http2.connect(url, { ca, cert, key, settings });
}

/** A client of the services there. It connects on the first call, and again after the other side was away. */
export function grpcClient(target: Target, { maxMessage = MAX_MESSAGE, pulse }: ClientOptions = {}): GrpcClient {
  let session: http2.ClientHttp2Session | undefined;
  let calls = 0;
  let heard = 0;

  function connected(): http2.ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const fresh = connect(target);
    fresh.on("error", () => {});
    fresh.on("goaway", () => fresh.close());
    fresh.on("connect", () => fresh.setLocalWindowSize(16 * 1024 * 1024));
    if (typeof target !== "string") giveUpConnecting(fresh);
    if (pulse) keepPulse(fresh, pulse);
    // An idle connection keeps no process alive; an open call does.
    if (calls === 0) fresh.unref();
    session = fresh;
    return fresh;
  }
  function giveUpConnecting(fresh: http2.ClientHttp2Session): void {
    const timer = setTimeout(() => {
      if (fresh.connecting) fresh.destroy(new Error(`no connection within ${CONNECT_MS} ms`));
    }, CONNECT_MS);
    timer.unref();
    fresh.on("close", () => clearTimeout(timer));
  }
  function keepPulse(fresh: http2.ClientHttp2Session, every: number): void {
    let lost: NodeJS.Timeout | undefined;
    const timer = setInterval(() => {
      if (calls === 0 || fresh.connecting || fresh.destroyed || lost || performance.now() - heard < every) return;
      lost = setTimeout(() => fresh.destroy(new Error("the other side gives no sign of life")), PULSE_ANSWER_MS);
      fresh.ping(() => {
        clearTimeout(lost);
        lost = undefined;
      });
    }, every);
    timer.unref();
    fresh.on("close", () => {
      clearInterval(timer);
      clearTimeout(lost);
    });
  }

  function open(method: Method, options: CallOptions): Answers {
    if (options.signal?.aborted) throw new GrpcError(code.cancelled, "cancelled");
    const headers: http2.OutgoingHttpHeaders = {
      ":method": "POST",
      ":path": method.path,
      "content-type": "application/grpc",
      te: "trailers",
      ...options.metadata,
    };
    if (options.timeout !== undefined) headers["grpc-timeout"] = `${Math.max(1, Math.round(options.timeout))}m`;
    const used = connected();
    if (calls++ === 0) used.ref();
    const request = used.request(headers);
    request.on("close", () => {
      if (--calls === 0) session?.unref();
    });
    const onHeard = () => {
      heard = performance.now();
    };
    return new Answers(request, options, maxMessage, onHeard);
  }

  return {
    async call(method, input, options = {}) {
      const answers = open(method, options);
      answers.request.end(frame(encode(method.input, input)));
      const first = await answers.next();
      if (first === undefined) throw new GrpcError(code.unknown, `${method.path}: no answer`);
      await answers.next();
      return decode(method.output, first);
    },
    stream(method, input, options = {}) {
      const answers = open(method, options);
      answers.request.end(frame(encode(method.input, input)));
      return {
        started: answers.started,
        async *[Symbol.asyncIterator]() {
          try {
            for (;;) {
              const next = await answers.next();
              if (next === undefined) return;
              yield decode(method.output, next);
            }
          } finally {
            answers.cancel();
          }
        },
      };
    },
    duplex(method, options = {}) {
      const answers = open(method, options);
      return {
        send: input =>
          new Promise<void>((resolve, reject) => {
            if (answers.request.destroyed) return reject(answers.failure ?? new GrpcError(code.unavailable, "the call has ended"));
            answers.request.write(frame(encode(method.input, input)), error => (error ? reject(answers.failure ?? error) : resolve()));
          }),
        async next() {
          const next = await answers.next();
          return next === undefined ? undefined : decode(method.output, next);
        },
        end: () => answers.request.end(),
        cancel: () => answers.cancel(),
      };
    },
    close() {
      session?.destroy();
      session = undefined;
    },
  };
}

/** Bytes before each message: a flag and its length. */
const HEAD = 5;
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Cuts the answer's bytes into messages and turns its end into a status. */
class Answers {
  readonly request: http2.ClientHttp2Stream;
  /** Resolves with the first headers: the service has taken the call. */
  readonly started: Promise<void>;
  failure: GrpcError | undefined;
  private readonly maxMessage: number;
  private readonly ready: Buffer[] = [];
  private chunks: Buffer[] = [];
  private size = 0;
  /** Bytes that must be there before there is something to do: a head, or a message with it. */
  private wanted = HEAD;
  private ended = false;
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(request: http2.ClientHttp2Stream, options: CallOptions, maxMessage: number, heard: () => void) {
    this.request = request;
    this.maxMessage = maxMessage;
    this.started = new Promise((resolve, reject) => {
      request.once("response", () => resolve());
      request.once("close", () => reject(this.failure ?? new GrpcError(code.unavailable, "the connection was closed")));
    });
    this.started.catch(() => {});
    let cause: Error | undefined;
    const onHeaders = (headers: http2.IncomingHttpHeaders) => {
      heard();
      const status = headers["grpc-status"];
      if (status !== undefined) this.finish(Number(status), decodeMessage(String(headers["grpc-message"] ?? "")));
      else if (headers[":status"] !== undefined && Number(headers[":status"]) !== 200) {
        this.finish(code.unknown, `HTTP status ${headers[":status"]}`);
      }
    };
    request.on("response", onHeaders);
    request.on("trailers", onHeaders);
    request.on("data", (chunk: Buffer) => {
      heard();
      this.take(chunk);
    });
    request.on("error", error => {
      cause = error;
    });
    request.on("close", () => {
      clearTimeout(this.timer);
      options.signal?.removeEventListener("abort", onAbort);
      // a stream without a number has not left; one that was refused was not looked at
      const unsent = request.id === undefined || request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
      this.finish(code.unavailable, cause?.message ?? "the connection was closed", unsent);
    });
    const onAbort = () => {
      this.finish(code.cancelled, "cancelled");
      this.cancel();
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.timeout !== undefined) {
      this.timer = setTimeout(
        () => {
          this.finish(code.deadlineExceeded, `no answer within ${options.timeout} ms`);
          this.cancel();
        },
        options.timeout + Math.min(500, options.timeout / 4),
      );
      this.timer.unref();
    }
  }
  cancel(): void {
    if (!this.request.closed) this.request.close(http2.constants.NGHTTP2_CANCEL);
  }
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.ready.shift();
      if (message !== undefined) {
        if (this.ready.length < 32 && this.request.isPaused()) this.request.resume();
        return message;
      }
      if (this.failure !== undefined) throw this.failure;
      if (this.ended) return undefined;
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
    }
  }
  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size >= this.wanted) {
      const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
      const length = all.readUInt32BE(1);
      if (length > this.maxMessage || all[0] !== 0) {
        this.finish(code.unknown, all[0] === 0 ? `an answer of ${length} bytes is too large` : "a compressed answer was not asked for");
        this.cancel();
        return;
      }
      const whole = HEAD + length;
      const rest = all.length < whole ? all : all.subarray(whole);
      this.wanted = all.length < whole ? whole : HEAD;
      if (rest !== all) this.ready.push(all.subarray(HEAD, whole));
      this.chunks = [rest];
      this.size = rest.length;
    }
    if (this.ready.length >= 64) this.request.pause();
    this.signal();
  }
  private finish(status: number, message: string, unsent = false): void {
    if (this.ended) return;
    this.ended = true;
    if (status !== 0) this.failure = new GrpcError(status, message, unsent);
    this.signal();
  }
  private signal(): void {
    const wake = this.wake;
    this.wake = undefined;
    wake?.();
  }
}
/** grpc-message is percent-encoded UTF-8. */
function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
