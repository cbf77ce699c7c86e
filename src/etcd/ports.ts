/** The way to an etcd, as the store over it needs it: calls that find a member which answers, and watches with one of them. */
import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import type { WatchRequest, WatchResponse } from "./messages.ts";

export interface CallHow {
  /** Carrying it out twice is as good as once, so that it is repeated also after an unknown outcome. */
  readonly repeatable: boolean;
}
export interface Answered<V> {
  readonly value: V;
  /** An earlier attempt of a repeatable call may have been carried out. */
  readonly doubtful: boolean;
}
export interface EtcdPort {
  /** Throws Refused or Unanswered. */
  call<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, input: Input<I>, how: CallHow): Promise<Answered<Value<O>>>;
  /** A watch stream with a member that has a leader. */
  watch(): WatchCall;
  close(): void;
}
export interface WatchCall {
  send(request: Input<typeof WatchRequest>): Promise<void>;
  /** Undefined at the end; throws when it breaks off. */
  next(): Promise<Value<typeof WatchResponse> | undefined>;
  cancel(): void;
  /** The member was of no use: the next stream goes elsewhere. */
  failed(): void;
  worked(): void;
}

/** etcd's own answer was an error: its gRPC code and words. */
export class Refused extends Error {
  readonly code: number;
  /** An earlier attempt may have been carried out. */
  readonly doubtful: boolean;
  constructor(code: number, message: string, doubtful: boolean) {
    super(message);
    this.code = code;
    this.doubtful = doubtful;
  }
}
/** Nobody answered in time, or the connection broke off under a call that cannot be repeated. */
export class Unanswered extends Error {
  /** It cannot have been carried out. */
  readonly refused: boolean;
  constructor(message: string, refused: boolean) {
    super(message);
    this.refused = refused;
  }
}
