/** The way of a request through the apiserver: its stages, in the order in which they stand here. */

import { AUDIT_ID, type AuditSink, audit, auditFailedAuthentication } from "#apiserver/auth/audit.ts";
import { authenticate } from "#apiserver/auth/authenticate.ts";
import { authorize } from "#apiserver/auth/authorize.ts";
import { impersonate } from "#apiserver/auth/impersonate.ts";
import type { Authenticator, Call, Next, RequestInfo, Stage } from "#apiserver/call.ts";
import { type InFlight, limit } from "#apiserver/limit.ts";
import { requestInfoOf } from "#apiserver/requestinfo.ts";
import { type ResourceOptions, resource } from "#apiserver/resources.ts";
import { statusErrorOf, statusResponse } from "#apiserver/respond.ts";
import { type Chance, uuid } from "#base/chance.ts";
import type { HttpRequest, HttpResponse, Identity } from "#base/http.ts";
import { limits } from "#base/limits.ts";

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
  const through = stages.reduceRight<Next>((next, stage) => call => stage(call, next), answer);
  return async request => {
    const { method, url } = request;
    const asked = request.takesValue ? knownAsked(method, url) : askedBy(method, url);
    const call = new Incoming(request, asked, clock.now(), options.chance);
    let response: HttpResponse;
    try {
      response = await through(call);
    } catch (error) {
      response = statusResponse(statusErrorOf(error, options.log).status);
    }
    options.observe(call, response.status);
    return response.value || response.events ? response : finish(options, call, response);
  };
}

type Asked = Pick<Call, "query" | "info">;
function askedBy(method: string, url: string): Asked {
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const query = new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
  return { query, info: requestInfoOf(method, path, query) };
}
/** Components of the process ask for the same again and again: what they ask for is read once. */
const known = new Map<string, Asked>();
function knownAsked(method: string, url: string): Asked {
  const id = `${method} ${url}`;
  let asked = known.get(id);
  if (!asked) {
    if (known.size >= limits.knownRequests) known.clear();
    asked = askedBy(method, url);
    known.set(id, asked);
  }
  return asked;
}

const NOBODY: Identity = { name: "", groups: [] };
class Incoming implements Call {
  readonly http: HttpRequest;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly receivedAt: number;
  user = NOBODY;
  impersonatedBy: Identity | undefined = undefined;
  readonly warnings: string[] = [];
  readonly annotations: Record<string, string> = {};
  private readonly chance: Chance;
  private id: string | undefined;

  constructor(http: HttpRequest, { query, info }: Asked, receivedAt: number, chance: Chance) {
    this.http = http;
    this.query = query;
    this.info = info;
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
