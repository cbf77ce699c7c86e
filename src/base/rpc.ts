/** Remote procedure calls as values: what a service is made of, with or without a socket. host/grpcserver.ts serves them by gRPC. */
import type { Peer } from "./http.ts";
import type { AnyMessage, Input, Method, Value } from "./message.ts";

/** gRPC's status codes. */
export const rpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
/** The answer to a call that failed. */
export class RpcError extends Error {
  readonly code: number;
  constructor(status: number, message: string) {
    super(message);
    this.code = status;
  }
}

/** Who calls, and how. */
export interface Call {
  /** The metadata, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly peer: Peer | undefined;
  /** Bytes of the (last) message that came. */
  readonly bytes: number;
  /** Aborted when the caller has gone or its time is up. */
  readonly signal: AbortSignal;
}
/** The two directions of a streaming call. */
export interface Channel<I extends AnyMessage = AnyMessage, O extends AnyMessage = AnyMessage> {
  /** The caller's next message; undefined when it sends no more. Throws when the call is over. */
  next(): Promise<Value<I> | undefined>;
  /** Resolves when more may be sent: a caller who does not read is waited for. undefined: more may be sent at once. */
  send(message: Input<O>): Promise<void> | undefined;
}
export type Unary<I extends AnyMessage = AnyMessage, O extends AnyMessage = AnyMessage> = (
  request: Value<I>,
  call: Call,
) => Promise<Input<O>>;
/** The call ends when it resolves. */
export type Streaming<I extends AnyMessage = AnyMessage, O extends AnyMessage = AnyMessage> = (
  channel: Channel<I, O>,
  call: Call,
) => Promise<void>;
export type Route =
  | { readonly method: Method; readonly unary: Unary; readonly stream?: undefined }
  | { readonly method: Method; readonly stream: Streaming; readonly unary?: undefined };

export function unary<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, handle: Unary<I, O>): Route {
  return { method, unary: handle as unknown as Unary };
}
export function streaming<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, handle: Streaming<I, O>): Route {
  return { method, stream: handle as unknown as Streaming };
}
