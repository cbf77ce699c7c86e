/** The Client over a transport: paths and bodies out, objects and StatusErrors back. */
import { concat, text, utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import { bytesOf, CAUSE_HEADER, type Cause, type HttpRequest, type HttpResponse, type Identity, type ValueEvent } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { frozenPlain } from "#base/plain.ts";
import { failed, failure, type Status, StatusError } from "#base/status.ts";
import type { Client, DeleteOptions, ListOptions, PatchType, Transport, WatchEvent, WatchOptions, WriteOptions } from "#client/client.ts";
import { pathOf } from "#client/paths.ts";
import { apiVersionOf, type Kind, type KubeObject, type ListOf } from "#kinds/kind.ts";
import type { Draft } from "#schema/notation.ts";

export interface ClientOptions {
  /** Becomes the default field manager (up to its first "/"), as upstream's clients have it. */
  readonly userAgent: string;
  readonly clock: Clock;
  /** The transport leads to a server in this process: values go to and fro instead of JSON. What comes is frozen and shared. */
  readonly values?: boolean;
  /** Who the transport says that it is (`actingAs`): requests say so from the first. */
  readonly identity?: Identity;
}

/** A write whose answer was lost: it may have happened or not. */
export class LostReply extends StatusError {
  override readonly cause: unknown;
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(failed(503, "ServiceUnavailable", `no answer from the server: ${why}`));
    this.cause = cause;
  }
}
function lost(error: unknown): never {
  throw error instanceof StatusError ? error : new LostReply(error);
}
/** Whether a write that failed so may have taken effect all the same. */
export function outcomeUnknown(error: unknown): boolean {
  if (!(error instanceof StatusError) || error instanceof LostReply) return true;
  return error.code >= 500 && error.code !== 503;
}

const PATCH_TYPES: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};
const JSON_TYPE = "application/json";

interface Parameters {
  readonly contentType?: string;
  readonly accept?: string;
  readonly cause?: Cause | undefined;
}
/** JSON as headers may carry it. */
const ascii = (json: string) => json.replace(/[^\x20-\x7e]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** An in-process transport with a proved identity. */
export function actingAs(transport: Transport, identity: Identity): Transport {
  return request => transport(request.identity === identity ? request : { ...request, identity });
}

/** A Client over `transport`. Answers 429 and 503 that name a time to wait are tried again, as their request was not carried out. */
export function createClient(transport: Transport, options: ClientOptions): Client {
  const { values: takesValue = false, userAgent, identity } = options;
  const bare = { "user-agent": userAgent, accept: JSON_TYPE };
  const withBody = { ...bare, "content-type": JSON_TYPE };
  function headersOf(body: unknown, { contentType = JSON_TYPE, accept = JSON_TYPE, cause }: Parameters): HttpRequest["headers"] {
    const usual = body === undefined ? bare : withBody;
    if (contentType === JSON_TYPE && accept === JSON_TYPE && !cause) return usual;
    const type = body === undefined ? {} : { "content-type": contentType };
    return { ...usual, ...type, accept, ...(cause && { [CAUSE_HEADER]: ascii(JSON.stringify(cause)) }) };
  }
  const once = (request: HttpRequest) => transport(request).catch(lost);
  /** The answer that stands when the server does not ask to come again any more. */
  async function patient(request: HttpRequest, first: HttpResponse): Promise<HttpResponse> {
    let response = first;
    for (let attempt = 1; attempt < limits.clientAttempts; attempt++) {
      const wait = Number(response.headers["retry-after"] ?? Number.NaN);
      if ((response.status !== 429 && response.status !== 503) || !Number.isFinite(wait)) break;
      await bodyOf(response);
      await options.clock.sleep(wait * 1000, request.signal);
      response = await once(request);
    }
    return response;
  }
  async function bodyOf(response: HttpResponse): Promise<string> {
    if (response.body === undefined) return "";
    if (response.body instanceof Uint8Array) return text(response.body);
    try {
      return text(await bytesOf(response));
    } catch (error) {
      throw new LostReply(error);
    }
  }
  function requestOf(method: string, url: string, body: unknown, more: Parameters): HttpRequest {
    const headers = headersOf(body, more);
    if (body === undefined) return { method, url, headers, takesValue, identity };
    if (takesValue) return { method, url, headers, takesValue, identity, value: frozenPlain(body) };
    return { method, url, headers, takesValue, identity, body: utf8(JSON.stringify(body)) };
  }
  /** What the server answers; a value is there with the answer, and nothing more is waited for. */
  function answer<R>(method: string, url: string, body?: unknown, more: Parameters = {}): Promise<R> {
    try {
      const request = requestOf(method, url, body, more);
      return transport(request).then(first => (first.value ? (first.value as R) : said<R>(request, first)), lost);
    } catch (error) {
      return Promise.reject(error);
    }
  }
  async function said<R>(request: HttpRequest, first: HttpResponse): Promise<R> {
    const response = await patient(request, first);
    if (response.value) return response.value as R;
    const content = await bodyOf(response);
    if (response.status >= 400) throw errorOf(response.status, content);
    try {
      return JSON.parse(content) as R;
    } catch (error) {
      throw new LostReply(error);
    }
  }
  const writeQuery = ({ dryRun, fieldManager, force, fieldValidation }: WriteOptions) =>
    dryRun || fieldManager || force !== undefined || fieldValidation
      ? { dryRun: dryRun ? "All" : undefined, fieldManager, force, fieldValidation }
      : undefined;
  const partial = (yes: boolean | undefined, as: string) => (yes ? `${JSON_TYPE};as=${as};v=v1;g=meta.k8s.io,${JSON_TYPE}` : JSON_TYPE);

  return {
    transport,
    get: (kind, name, namespace) => answer("GET", pathOf(kind, { namespace, name })),
    async list<T extends KubeObject>(kind: Kind<T>, o: ListOptions = {}): Promise<ListOf<T>> {
      const { namespace, metadataOnly, ...query } = o;
      const accept = partial(metadataOnly, "PartialObjectMetadataList");
      const list = await answer<ListOf<T>>("GET", pathOf(kind, { namespace }, query), undefined, { accept });
      if (takesValue && !metadataOnly) return list;
      const apiVersion = apiVersionOf(kind);
      if (takesValue) return { ...list, items: list.items.map(item => ({ ...item, apiVersion, kind: kind.kind })) };
      for (const item of list.items) {
        item.apiVersion = apiVersion;
        item.kind = kind.kind;
      }
      return list;
    },
    watch<T extends KubeObject>(kind: Kind<T>, o?: WatchOptions): AsyncIterable<WatchEvent<T>> {
      const batches = this.watchBatches(kind, o);
      return { [Symbol.asyncIterator]: () => new Events<T>(batches[Symbol.asyncIterator]()) };
    },
    watchBatches<T extends KubeObject>(kind: Kind<T>, o: WatchOptions = {}): AsyncIterable<readonly WatchEvent<T>[]> {
      const query = {
        watch: 1,
        labelSelector: o.labelSelector,
        fieldSelector: o.fieldSelector,
        resourceVersion: o.resourceVersion,
        allowWatchBookmarks: o.bookmarks || o.initialEvents ? true : undefined,
        sendInitialEvents: o.initialEvents ? true : undefined,
        resourceVersionMatch: o.initialEvents ? "NotOlderThan" : undefined,
        timeoutSeconds: o.timeoutSeconds,
      };
      const headers = { "user-agent": options.userAgent, accept: partial(o.metadataOnly, "PartialObjectMetadata") };
      const url = pathOf(kind, { namespace: o.namespace }, query);
      const batches = async (): Promise<AsyncIterator<readonly ValueEvent[]>> => {
        const request = { method: "GET", url, headers, takesValue, ...(o.signal && { signal: o.signal }) };
        const response = await patient(request, await once(request));
        if (response.status >= 400) throw errorOf(response.status, await bodyOf(response));
        return (response.events ?? eventsIn(response))[Symbol.asyncIterator]();
      };
      return { [Symbol.asyncIterator]: () => new Batches<T>(batches) };
    },
    create: (kind, object, o = {}) => {
      const body = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
      const metadata = object.metadata as { namespace?: string; name?: string } | undefined;
      const namespace = o.namespace ?? metadata?.namespace;
      const target = o.subresource ? { namespace, name: metadata?.name ?? "", subresource: o.subresource } : { namespace };
      return answer("POST", pathOf(kind, target, writeQuery(o)), body, { cause: o.cause });
    },
    update: (kind, object, o = {}) => {
      const { name, namespace } = object.metadata;
      const target = { namespace: o.namespace ?? namespace, name: name ?? "", subresource: o.subresource };
      return answer("PUT", pathOf(kind, target, writeQuery(o)), object, { cause: o.cause });
    },
    patch: (kind, name, type, patch, o = {}) =>
      answer("PATCH", pathOf(kind, { namespace: o.namespace, name, subresource: o.subresource }, writeQuery(o)), patch, {
        contentType: PATCH_TYPES[type],
        cause: o.cause,
      }),
    async delete<T extends KubeObject>(kind: Kind<T>, name: string, o: DeleteOptions = {}): Promise<T | undefined> {
      const preconditions = { ...(o.uid && { uid: o.uid }), ...(o.resourceVersion && { resourceVersion: o.resourceVersion }) };
      const body = {
        kind: "DeleteOptions",
        apiVersion: "v1",
        ...(Object.keys(preconditions).length > 0 && { preconditions }),
        ...(o.gracePeriodSeconds !== undefined && { gracePeriodSeconds: o.gracePeriodSeconds }),
        ...(o.propagation && { propagationPolicy: o.propagation }),
      };
      const object = await answer<T>("DELETE", pathOf(kind, { namespace: o.namespace, name }), body, { cause: o.cause });
      return object.kind === kind.kind && stays(object) ? object : undefined;
    },
    post<In extends KubeObject, Out extends KubeObject>(
      kind: Kind,
      name: string,
      subresource: string,
      body: Draft<In>,
      o: WriteOptions = {},
    ): Promise<Out> {
      return answer("POST", pathOf(kind, { namespace: o.namespace, name, subresource }, writeQuery(o)), body, { cause: o.cause });
    },
  };
}

/** The events of a watch that was answered with JSON. */
async function* eventsIn({ body }: HttpResponse): AsyncGenerator<readonly ValueEvent[]> {
  if (!body) return;
  for await (const line of linesOf(body instanceof Uint8Array ? [body] : body)) yield [JSON.parse(line) as ValueEvent];
}
/** A watch's events as they come, many at a time. */
class Batches<T> implements AsyncIterator<readonly WatchEvent<T>[], undefined> {
  readonly #begin: () => Promise<AsyncIterator<readonly ValueEvent[]>>;
  #source: AsyncIterator<readonly ValueEvent[]> | undefined;
  constructor(begin: () => Promise<AsyncIterator<readonly ValueEvent[]>>) {
    this.#begin = begin;
  }
  async next(): Promise<IteratorResult<readonly WatchEvent<T>[], undefined>> {
    this.#source ??= await this.#begin();
    const { done, value } = await this.#source.next();
    if (done) return DONE;
    // an error is the last that is said
    const isWhole = value.at(-1)?.type !== "ERROR";
    return { done: false, value: isWhole ? (value as readonly WatchEvent<T>[]) : value.map(eventOf<T>) };
  }
  async return(): Promise<IteratorResult<readonly WatchEvent<T>[], undefined>> {
    await this.#source?.return?.();
    return DONE;
  }
}
/** A watch's events one by one; of those that came together all but the first are there at once. */
class Events<T> implements AsyncIterator<WatchEvent<T>, undefined> {
  readonly #batches: AsyncIterator<readonly WatchEvent<T>[]>;
  #batch: readonly WatchEvent<T>[] = [];
  #at = 0;
  constructor(batches: AsyncIterator<readonly WatchEvent<T>[]>) {
    this.#batches = batches;
  }
  async next(): Promise<IteratorResult<WatchEvent<T>, undefined>> {
    while (this.#at === this.#batch.length) {
      const { done, value } = await this.#batches.next();
      if (done) return DONE;
      this.#batch = value;
      this.#at = 0;
    }
    return { done: false, value: this.#batch[this.#at++]! };
  }
  async return(): Promise<IteratorResult<WatchEvent<T>, undefined>> {
    this.#batch = [];
    this.#at = 0;
    await this.#batches.return?.();
    return DONE;
  }
}
const DONE = { done: true, value: undefined } as const;

function eventOf<T>(event: ValueEvent): WatchEvent<T> {
  return event.type === "ERROR" ? { type: "ERROR", status: event.object as Status } : (event as WatchEvent<T>);
}

/** Whether an object that a DELETE answered with is still there: finalizers hold it (a namespace's stand in its spec), or its grace runs. */
function stays(object: KubeObject & { readonly spec?: { readonly finalizers?: readonly string[] } }): boolean {
  const { metadata, spec } = object;
  if (!metadata.deletionTimestamp) return false;
  if (object.kind === "Namespace" && (spec?.finalizers?.length ?? 0) > 0) return true;
  return (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
}

/** The error that an answer tells of: its Status, or what else it said. */
export function errorOf(code: number, content: string): StatusError {
  try {
    const status = JSON.parse(content) as Status;
    if (status.kind === "Status") return new StatusError({ ...status, code: status.code ?? code });
  } catch {
    // not one of ours: a proxy's page, or nothing
  }
  return failure(code, "UnknownError", content.trim() || `the server answered ${code}`);
}

/** The lines of a stream of bytes; empty ones are skipped, and so is a last one that was cut off. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, to);
      const line = rest.length > 0 ? joined([...rest, piece]) : text(piece);
      rest = [];
      from = to + 1;
      if (line !== "") yield line;
    }
    if (from < chunk.length) rest.push(chunk.slice(from));
  }
}
const joined = (parts: readonly Uint8Array[]) => text(concat(parts));
