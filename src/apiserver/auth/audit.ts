/** The stage that records each request: audit.k8s.io/v1 Events at level Metadata. */

import type { Call, RequestInfo, Stage } from "#apiserver/call.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpResponse, Identity } from "#base/http.ts";
import { StatusError } from "#base/status.ts";

export interface AuditUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Identity["extra"];
}
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";
/** audit.k8s.io/v1 Event, https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
export interface AuditEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: "Metadata";
  readonly auditID: string;
  readonly stage: AuditStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus?: AuditStatus;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface AuditStatus {
  readonly metadata: object;
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code: number;
}
/** Where events go; it must not throw and must not wait. */
export interface AuditSink {
  write(event: AuditEvent): void;
}

export const AUDIT_ID = "Audit-ID";
const USER_AGENT_LIMIT = 1024;
const LONG_VERBS = new Set(["watch", "proxy"]);
const LONG_SUBRESOURCES = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/** Whether the answer may go on for as long as the client likes. */
export function isLongRunning(info: RequestInfo): boolean {
  return LONG_VERBS.has(info.verb) || (info.isResource && LONG_SUBRESOURCES.has(info.subresource));
}

/**
 * Echoes the audit id in the answer, and tells `sink` of the request's stages; without one nothing is to be told. Errors pass through after they are recorded
 * (the caller puts the audit id on the answer that it makes of them).
 */
export function audit(sink: AuditSink | undefined, clock: Clock): Stage {
  if (!sink) return (call, next) => next(call);
  return async (call, next) => {
    const tell = (stage: AuditStage, status?: AuditStatus) => sink.write(eventOf(call, stage, clock.now(), status));
    tell("RequestReceived");
    const long = call.lasts;
    let response: HttpResponse;
    try {
      response = await next(call);
    } catch (error) {
      if (error instanceof StatusError) {
        const status = statusOf(error);
        if (long) tell("ResponseStarted", status);
        tell("ResponseComplete", status);
      } else {
        tell("Panic", {
          metadata: {},
          status: "Failure",
          message: `APIServer panic'd: ${error instanceof Error ? error.message : error}`,
          reason: "InternalError",
          code: 500,
        });
      }
      throw error;
    }
    response = response.headers[AUDIT_ID] ? response : { ...response, headers: { ...response.headers, [AUDIT_ID]: call.auditId } };
    const status: AuditStatus = { metadata: {}, code: response.status };
    if (long) tell("ResponseStarted", status);
    return whenSent(response, () => tell("ResponseComplete", status));
  };
}

/** Records a request whose sender could not be authenticated; for `authenticate`. */
export function auditFailedAuthentication(sink: AuditSink, clock: Clock): (call: Call, error: StatusError) => void {
  return (call, error) => sink.write(eventOf(call, "ResponseStarted", clock.now(), statusOf(error), NOBODY));
}

const NOBODY: Identity = { name: "", groups: [] };

function statusOf({ status }: StatusError): AuditStatus {
  return { metadata: {}, status: status.status, message: status.message, reason: status.reason, code: status.code ?? 500 };
}

/** The same response; `done` is called once, after its last byte or when the client has gone. */
function whenSent(response: HttpResponse, done: () => void): HttpResponse {
  const { body, takeOver } = response;
  if (takeOver) {
    return {
      ...response,
      takeOver: pipe => {
        void pipe.closed.then(done, done);
        takeOver(pipe);
      },
    };
  }
  if (body === undefined || body instanceof Uint8Array) {
    done();
    return response;
  }
  return { ...response, body: ending(body, done) };
}
async function* ending(body: AsyncIterable<Uint8Array>, done: () => void): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } finally {
    done();
  }
}

function eventOf(call: Call, stage: AuditStage, now: number, status: AuditStatus | undefined, user = call.user): AuditEvent {
  const agent = call.http.headers["user-agent"];
  const ips = sourceIPs(call);
  const { info } = call;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: call.auditId,
    stage,
    requestURI: call.http.url,
    verb: info.verb,
    user: userOf(call.impersonatedBy ?? user),
    ...(call.impersonatedBy && { impersonatedUser: userOf(user) }),
    ...(ips.length > 0 && { sourceIPs: ips }),
    ...(agent && { userAgent: agent.length > USER_AGENT_LIMIT ? `${agent.slice(0, USER_AGENT_LIMIT)}...TRUNCATED` : agent }),
    ...(info.isResource && { objectRef: referenceOf(call) }),
    ...(status && { responseStatus: status }),
    requestReceivedTimestamp: micro(call.receivedAt),
    stageTimestamp: micro(now),
    ...(Object.keys(call.annotations).length > 0 && { annotations: { ...call.annotations } }),
  };
}
function userOf(user: Identity): AuditUser {
  return {
    username: user.name,
    ...(user.uid && { uid: user.uid }),
    ...(user.groups.length > 0 && { groups: user.groups }),
    ...(user.extra && { extra: user.extra }),
  };
}
function referenceOf({ info }: Call): Record<string, string> {
  const { resource, namespace, name, group: apiGroup, version: apiVersion, subresource } = info;
  return Object.fromEntries(Object.entries({ resource, namespace, name, apiGroup, apiVersion, subresource }).filter(([, v]) => v !== ""));
}
/** Forwarded addresses first, the socket's last. */
function sourceIPs(call: Call): string[] {
  const forwarded = (call.http.headers["x-forwarded-for"] ?? "").split(",").map(s => s.trim());
  const all = [...forwarded, call.http.headers["x-real-ip"] ?? "", call.http.peer?.address ?? ""];
  return [...new Set(all.filter(ip => ip !== ""))];
}
const micro = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");
