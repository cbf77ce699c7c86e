/**
 * Services by gRPC (https://grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html) on streams of http2stream.ts:
 * unary and streaming calls, trailers, deadlines, limits. What is no gRPC is handed to a handler of plain HTTP.
 */
import type { AnyMessage, Input, Value } from "#base/message.ts";
import type { Call, Channel, Route } from "#base/rpc.ts";
import { RpcError, rpcCode } from "#base/rpc.ts";
import { type Headers, hpackBlock } from "./hpack.ts";
import { fault } from "./http2frames.ts";
import type { Http2Stream, Reader } from "./http2stream.ts";
import { decode } from "./protobuf.ts";
import { encodeParts } from "./protobufwriter.ts";

export interface GrpcServerOptions {
  readonly routes: ReadonlyMap<string, Route>;
  /** Bytes of one message that are taken. */
  readonly message: number;
  /** What an error of a handler that is no RpcError is told as. */
  readonly failed: (error: unknown, path: string) => RpcError;
}

/** Bytes of a message's mark and length. */
const PREFIX = 5;
/** Values of at least so many bytes are sent as they lie. */
const APART = 8 * 1024;
const TYPE = ["content-type", "application/grpc"] as const;
const HEADERS = hpackBlock([[":status", "200"], TYPE]);
const OK = hpackBlock([["grpc-status", "0"]]);
/** Milliseconds between looks at the deadlines of calls under way: callers keep their own, ours frees what they left. */
const SWEEP = 100;

export class GrpcServer {
  private readonly options: GrpcServerOptions;
  private readonly timed = new Set<ServerCall>();
  private sweeping: NodeJS.Timeout | undefined;

  constructor(options: GrpcServerOptions) {
    this.options = options;
  }
  /** Whether these are the headers of a gRPC call. */
  static takes(headers: Headers): boolean {
    return headers["content-type"]?.startsWith(TYPE[1]) === true;
  }
  serve(stream: Http2Stream): void {
    const path = stream.headers[":path"] ?? "";
    const route = this.options.routes.get(path);
    if (!route) {
      const [, service = "", method = ""] = path.split("/");
      const known = this.options.routes.keys().some(name => name.startsWith(`/${service}/`));
      refuse(stream, rpcCode.unimplemented, known ? `unknown method ${method} for service ${service}` : `unknown service ${service}`);
      stream.finished();
      return;
    }
    const call = new ServerCall(stream, route, this.options);
    const timeout = stream.headers["grpc-timeout"];
    if (timeout !== undefined) this.time(call, timeout);
    call.start(() => {
      if (timeout !== undefined) this.timed.delete(call);
      stream.finished();
    });
  }
  private time(call: ServerCall, timeout: string): void {
    const milliseconds = millisecondsOf(timeout);
    if (milliseconds === undefined) return;
    call.deadline = performance.now() + milliseconds;
    this.timed.add(call);
    this.sweeping ??= setInterval(() => this.sweep(), SWEEP).unref();
  }
  private sweep(): void {
    const now = performance.now();
    for (const call of this.timed) if (call.deadline <= now) call.expire();
    if (this.timed.size > 0) return;
    clearInterval(this.sweeping);
    this.sweeping = undefined;
  }
}

/** `grpc-timeout`: at most eight digits and a unit. */
function millisecondsOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  if (!digits || !unit) return undefined;
  return Number(digits) * { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[unit as "H"];
}

/** A message with its mark and length, in parts that follow each other. */
function prefixed(type: AnyMessage, message: Input<AnyMessage>): readonly Uint8Array[] {
  const parts = encodeParts(PREFIX, type, message, APART);
  const head = parts[0] as Buffer;
  let size = -PREFIX;
  for (const part of parts) size += part.length;
  head[0] = 0;
  head.writeUInt32BE(size, 1);
  return parts;
}
function refuse(stream: Http2Stream, status: number, message: string): void {
  stream.respond(hpackBlock([[":status", "200"], TYPE, ...statusHeaders(status, message)]), true);
  if (!stream.remoteEnded) stream.reset(fault.none);
}
function statusHeaders(status: number, message: string): [string, string][] {
  return [
    ["grpc-status", String(status)],
    ["grpc-message", percentEncoded(message)],
  ];
}
/** As gRPC writes grpc-message: bytes of UTF-8 outside printable ASCII, and %, as %XX. */
function percentEncoded(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let out = "";
  for (const byte of Buffer.from(message)) {
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

class ServerCall implements Call, Reader, Channel {
  readonly headers: Headers;
  bytes = 0;
  deadline = 0;
  private readonly stream: Http2Stream;
  private readonly route: Route;
  private readonly options: GrpcServerOptions;
  private aborting: AbortController | undefined;
  private over = false;
  private answered = false;
  private begun = false;
  /** Whether the handler is at it: the call is done when it is. */
  private running = false;
  private inputEnded = false;
  private whenDone: () => void = nothing;
  /** What has come of the message being read; `head` while its length is not known. */
  private head: Buffer | undefined;
  private body: Buffer | undefined;
  private filled = 0;
  /** Whole messages not taken yet, and who waits for one. */
  private readonly ready: Buffer[] = [];
  private waiting: PromiseWithResolvers<void> | undefined;

  constructor(stream: Http2Stream, route: Route, options: GrpcServerOptions) {
    this.stream = stream;
    this.headers = stream.headers;
    this.route = route;
    this.options = options;
    stream.reader = this;
  }
  get peer(): Call["peer"] {
    return this.stream.peer;
  }
  get signal(): AbortSignal {
    if (!this.aborting) {
      this.aborting = new AbortController();
      if (this.over) this.aborting.abort();
    }
    return this.aborting.signal;
  }

  start(whenDone: () => void): void {
    this.whenDone = whenDone;
    if (this.route.stream) {
      this.running = true;
      this.route.stream(this, this).then(
        () => this.finish(),
        error => this.fail(error),
      );
    }
  }
  expire(): void {
    this.refuse(rpcCode.deadlineExceeded, "context deadline exceeded");
  }

  // Reader

  data(bytes: Buffer): void {
    if (this.over) return;
    let at = 0;
    while (at < bytes.length) {
      if (this.body) {
        const size = Math.min(this.body.length - this.filled, bytes.length - at);
        this.body.set(bytes.subarray(at, at + size), this.filled);
        this.filled += size;
        at += size;
        if (this.filled === this.body.length) this.message(this.body);
        continue;
      }
      let rest = at === 0 ? bytes : bytes.subarray(at);
      if (this.head) rest = Buffer.concat([this.head, rest]);
      this.head = undefined;
      if (rest.length < PREFIX) {
        this.head = rest;
        return;
      }
      const length = rest.readUInt32BE(1);
      if (rest[0] !== 0) return this.refuse(rpcCode.unimplemented, "grpc: compressed messages are not taken");
      if (length > this.options.message) {
        return this.refuse(rpcCode.resourceExhausted, `grpc: received message larger than max (${length} vs. ${this.options.message})`);
      }
      at = bytes.length - (rest.length - PREFIX);
      if (rest.length >= PREFIX + length) {
        this.message(rest.subarray(PREFIX, PREFIX + length));
        at += length;
      } else {
        this.body = Buffer.allocUnsafeSlow(length);
        this.filled = 0;
      }
    }
  }
  end(): void {
    this.inputEnded = true;
    if (this.over) return;
    if (this.route.stream) this.wake();
    else this.runUnary(this.route.unary);
  }
  gone(): void {
    this.answered = true;
    this.stop();
    if (!this.running) this.done();
  }

  private message(bytes: Buffer): void {
    this.body = undefined;
    this.ready.push(bytes);
    // A unary call's messages wait for its end; more than one is a mistake.
    if (this.route.stream) this.wake();
    else if (this.ready.length > 1) this.refuse(rpcCode.internal, "a unary call has one message");
  }
  private refuse(status: number, message: string): void {
    this.answer(status, message);
    this.stop();
    if (!this.running) this.done();
  }

  private runUnary(handle: NonNullable<Route["unary"]>): void {
    const bytes = this.ready[0];
    if (!bytes) return this.fail(new RpcError(rpcCode.internal, "a unary call without a message"));
    this.bytes = bytes.length;
    let request: Value<AnyMessage>;
    try {
      request = decode(this.route.method.input, bytes);
    } catch (error) {
      return this.fail(unreadable(error));
    }
    this.running = true;
    handle(request, this).then(
      response => this.respond(response),
      error => this.fail(error),
    );
  }
  private respond(response: Input<AnyMessage>): void {
    if (!this.answered) {
      const parts = prefixed(this.route.method.output, response);
      this.answered = true;
      this.stream.respond(HEADERS);
      this.stream.write(parts);
      this.stream.end(OK);
    }
    this.over = true;
    this.done();
  }

  // Channel

  async next(): Promise<Value<AnyMessage> | undefined> {
    for (;;) {
      if (this.over) throw new RpcError(rpcCode.cancelled, "context canceled");
      const bytes = this.ready.shift();
      if (bytes) {
        this.bytes = bytes.length;
        this.stream.consumed(bytes.length + PREFIX);
        try {
          return decode(this.route.method.input, bytes);
        } catch (error) {
          throw unreadable(error);
        }
      }
      if (this.inputEnded) return undefined;
      this.waiting ??= Promise.withResolvers();
      await this.waiting.promise;
    }
  }
  send(message: Input<AnyMessage>): Promise<void> | undefined {
    if (this.answered) return Promise.reject(new RpcError(rpcCode.cancelled, "context canceled"));
    const parts = prefixed(this.route.method.output, message);
    if (!this.begun) {
      this.begun = true;
      this.stream.respond(HEADERS);
    }
    this.stream.write(parts);
    return this.stream.congested ? this.stream.drained() : undefined;
  }
  private finish(): void {
    if (!this.answered) {
      this.answered = true;
      if (!this.begun) this.stream.respond(HEADERS);
      this.stream.end(OK);
    }
    this.stop();
    this.done();
  }
  private fail(error: unknown): void {
    const { code, message } = error instanceof RpcError ? error : this.options.failed(error, this.route.method.path);
    this.answer(code, message);
    this.stop();
    this.done();
  }
  private answer(status: number, message: string): void {
    if (this.answered) return;
    this.answered = true;
    if (this.begun) this.stream.end(hpackBlock(statusHeaders(status, message)));
    else refuse(this.stream, status, message);
  }
  private stop(): void {
    if (this.over) return;
    this.over = true;
    this.ready.length = 0;
    this.body = this.head = undefined;
    this.aborting?.abort();
    this.wake();
  }
  private done(): void {
    const { whenDone } = this;
    this.whenDone = nothing;
    whenDone();
  }
  private wake(): void {
    this.waiting?.resolve();
    this.waiting = undefined;
  }
}
const nothing = () => {};
const unreadable = (error: unknown) =>
  new RpcError(rpcCode.internal, `grpc: error unmarshalling request: ${error instanceof Error ? error.message : String(error)}`);
