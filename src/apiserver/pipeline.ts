/** The way of a request through the apiserver: its stages, in the order in which they stand here. */

import { AUDIT_ID, type AuditSink, audit, auditFailedAuthentication, isLongRunning } from "#apiserver/auth/audit.ts";
import { authenticate } from "#apiserver/auth/authenticate.ts";
import { authorize } from "#apiserver/auth/authorize.ts";
import { impersonate } from "#apiserver/auth/impersonate.ts";
import type { Asked, Authenticator, Call, Next, RequestInfo, Stage } from "#apiserver/call.ts";
import { objectKey } from "#apiserver/keys.ts";
import { begun, type InFlight, limit } from "#apiserver/limit.ts";
import { requestInfoOf } from "#apiserver/requestinfo.ts";
import { type ResourceOptions, resource, type SubresourceHandler } from "#apiserver/resources.ts";
import { statusErrorOf, statusResponse } from "#apiserver/respond.ts";
import { type Chance, uuid } from "#base/chance.ts";
import type { HttpRequest, HttpResponse, Identity } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import type { Soon } from "#base/soon.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Key } from "#store/contract.ts";

/** Compresses answers; in host/gzip.ts. */
export interface Gzip {
  bytes(body: Uint8Array): Promise<Uint8Array>;
  stream(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
export interface PipelineOptions extends ResourceOptions {
  readonly authenticators: readonly Authenticator[];
  readonly auditSink: AuditSink | undefined;
  readonly gzip: Gzip | undefined;
  readonly inFlight: InFlight;
  readonly kindOf: (group: string, version: string, plural: string) => Kind | undefined;
  /** Who answers in place of a kind's verbs; by `"group/resource/subresource"`, e.g. "/pods/binding", or `"group/resource"`. */
  readonly handlers: ReadonlyMap<string, SubresourceHandler>;
  /** Paths that are no resources: discovery, health, metrics. */
  readonly paths: Next;
  /** Told of each answer: its verb, resource, code and time. */
  readonly observe: (call: Call, code: number) => void;
}

export function pipeline(options: PipelineOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { clock, auditSink, authorizer } = options;
  const stages: readonly Stage[] = [
    authenticate(options.authenticators, auditSink && auditFailedAuthentication(auditSink, clock)),
    audit(auditSink, clock),
    impersonate(authorizer),
    limit(clock, options.inFlight),
    authorize(authorizer),
  ];
  const answer: Next = call => (call.info.isResource ? resource(options, call) : options.paths(call));
  const known = new Known(options);
  const through = stages.reduceRight<Next>((next, stage) => call => stage(call, next), answer);
  const answered = (call: Call, response: HttpResponse): Soon<HttpResponse> => {
    options.observe(call, response.status);
    return response.value || response.events ? response : finish(options, call, response);
  };
  const failed = (call: Call, error: unknown) => answered(call, statusResponse(statusErrorOf(error, options.log).status));
  return request => {
    const asked = request.takesValue ? known.asked(request) : askedBy(options, request);
    const call = new Incoming(request, asked, clock.now(), options.chance);
    return begun(through, call).then(
      response => answered(call, response),
      error => failed(call, error),
    );
  };
}

type Places = Pick<PipelineOptions, "kindOf" | "handlers">;
function askedBy({ kindOf, handlers }: Places, { method, url }: HttpRequest): Asked {
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const query = new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
  const info = requestInfoOf(method, path, query);
  const kind = info.isResource ? kindOf(info.group, info.version, info.resource) : undefined;
  const handler = kind && handlers.get(`${kind.group}/${kind.plural}${info.subresource && `/${info.subresource}`}`);
  const key = kind ? objectKey(kind, info.namespace, info.name) : "";
  return { query, info, kind, key, handler, lasts: isLongRunning(info) };
}
/** Components of the process ask for the same again and again: what they ask for is read once. */
class Known {
  readonly #places: Places;
  /** By method and URL, which no text need be made of: a client asks by the same one each time. */
  readonly #known = new Map<string, Map<string, Asked>>();
  #size = 0;
  constructor(places: Places) {
    this.#places = places;
  }
  asked(request: HttpRequest): Asked {
    return this.#known.get(request.method)?.get(request.url) ?? this.#read(request);
  }
  #read(request: HttpRequest): Asked {
    if (this.#size >= limits.knownRequests) {
      this.#known.clear();
      this.#size = 0;
    }
    const byUrl = this.#known.get(request.method) ?? new Map<string, Asked>();
    this.#known.set(request.method, byUrl);
    const asked = askedBy(this.#places, request);
    byUrl.set(request.url, asked);
    this.#size++;
    return asked;
  }
}

const NOBODY: Identity = { name: "", groups: [] };
class Incoming implements Call {
  readonly http: HttpRequest;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly kind: Kind | undefined;
  readonly key: Key;
  readonly handler: SubresourceHandler | undefined;
  readonly lasts: boolean;
  readonly receivedAt: number;
  user = NOBODY;
  impersonatedBy: Identity | undefined = undefined;
  readonly warnings: string[] = [];
  readonly annotations: Record<string, string> = {};
  private readonly chance: Chance;
  private id: string | undefined;

  constructor(http: HttpRequest, { query, info, kind, key, handler, lasts }: Asked, receivedAt: number, chance: Chance) {
    this.http = http;
    this.query = query;
    this.info = info;
    this.kind = kind;
    this.key = key;
    this.handler = handler;
    this.lasts = lasts;
    this.receivedAt = receivedAt;
    this.chance = chance;
    this.id = http.headers["audit-id"];
  }
  /** Drawn when somebody asks: who takes values never sees it. */
  get auditId(): string {
    this.id ??= uuid(this.chance);
    return this.id;
  }
}

/** A sentence as a Warning header carries it (RFC 7234, 5.5). */
const warning = (text: string) => `299 - "${text.replace(/[\\"]/g, "\\$&").replace(/[\r\n]+/g, " ")}"`;

async function finish(options: PipelineOptions, call: Call, response: HttpResponse): Promise<HttpResponse> {
  const headers: Record<string, string | readonly string[]> = { "cache-control": "no-cache, private", ...response.headers };
  headers[AUDIT_ID] ??= call.auditId;
  if (response.takeOver) return { ...response, headers: { ...response.headers, [AUDIT_ID]: headers[AUDIT_ID] } };
  if (call.warnings.length > 0) headers.warning = [...new Set(call.warnings)].map(warning);
  let { body } = response;
  if (call.http.method === "HEAD") body = undefined;
  const { gzip } = options;
  if (gzip && body && call.http.method === "GET" && call.info.verb !== "watch" && accepts(call.http) && !headers["content-encoding"]) {
    if (!(body instanceof Uint8Array)) {
      if (call.info.verb === "list") {
        body = gzip.stream(body);
        delete headers["content-length"];
        Object.assign(headers, { "content-encoding": "gzip", vary: headers.vary ?? "Accept-Encoding" });
      }
    } else if (body.length > limits.gzipAbove) {
      body = await gzip.bytes(body);
      Object.assign(headers, {
        "content-encoding": "gzip",
        "content-length": String(body.length),
        vary: headers.vary ?? "Accept-Encoding",
      });
    }
  }
  return { ...response, headers, ...(body ? { body } : { body: undefined }) };
}
const accepts = (request: HttpRequest) => /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
