import { concat } from "#base/bytes.ts";

/** HTTP as values: what goes in and out of `apiserver.handle` and the kubelet's API, with or without a socket. */
export interface HttpRequest {
  readonly method: string;
  /** Path with its query, as sent: `/api/v1/pods?limit=5`. */
  readonly url: string;
  /** Names in lower case; repeated headers are joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal;
  /** Who is at the other end of the socket. */
  readonly peer?: Peer;
  /** Set by in-process transports only: the caller's identity, already proved. Never read from the wire. */
  readonly identity?: Identity | undefined;
  /** Set by callers in the process only: what a JSON body would say, in its place; frozen throughout. */
  readonly value?: unknown;
  /** Set by callers in the process only: a JSON answer may come as the value that it says. */
  readonly takesValue?: boolean;
  /** True when the connection can be taken over (HTTP/1.1 with an Upgrade header). */
  readonly upgradable?: boolean;
}
export interface Peer {
  readonly address: string;
  /** The verified client certificate's subject, when one was presented and its chain holds. */
  readonly certificate?: PeerCertificate;
  /** Why a presented certificate was refused, when it was. */
  readonly certificateError?: string;
}
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Milliseconds. */
  readonly notAfter: number;
  /** SHA-256 of the certificate's DER form, in lower-case hexadecimal. */
  readonly fingerprint?: string;
}
export interface Identity {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** For who takes values, in place of a body: what its JSON would say, frozen throughout, as others share it. */
  readonly value?: object;
  /** The same for a watch: what its lines would say, as many at a time as there are. */
  readonly events?: AsyncIterable<readonly ValueEvent[]>;
  /** Status 101: the connection is handed over after the headers are out. */
  readonly takeOver?: (pipe: Pipe) => void;
}
/** A watch's event as a value. */
export interface ValueEvent {
  readonly type: string;
  readonly object: object;
}
export type Handler = (request: HttpRequest) => Promise<HttpResponse>;

/** A connection of bytes both ways, with back-pressure: `write` resolves when more may be written. */
export interface Pipe {
  readonly incoming: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** No more writes; the other side may still send. */
  end(): void;
  /** Ends both directions at once. */
  destroy(): void;
  readonly closed: Promise<void>;
}

/** The whole body of an answer. */
export async function bytesOf(response: HttpResponse): Promise<Uint8Array> {
  if (!response.body) return new Uint8Array();
  if (response.body instanceof Uint8Array) return response.body;
  const parts: Uint8Array[] = [];
  for await (const part of response.body) parts.push(part);
  return concat(parts);
}

/** Why a loop writes; it comes with the write, as JSON in this header, and is kept with it for `cox why` and `cox history`. */
export const CAUSE_HEADER = "coxswain-cause";
export interface Cause {
  readonly loop: string;
  /** The object whose wish it served: `Kind|namespace|name`. */
  readonly intent: string;
  readonly because: string;
}
