/** etcd's calls by HTTP with JSON, as its gRPC gateway serves them: POST to a path a call; streams are answered line by line. */
import { text, utf8 } from "#base/bytes.ts";
import { bytesOf, type HttpRequest, type HttpResponse } from "#base/http.ts";
import type { AnyMessage, Input, Value } from "#base/message.ts";
import { type Call, type Channel, type Route, RpcError, rpcCode, type Streaming } from "#base/rpc.ts";
import { rpcErrorOf } from "./errors.ts";
import { jsonOf, messageOf } from "./jsonform.ts";

/** Path → the call's method, below etcdserverpb or the named service. */
const PATHS: Readonly<Record<string, string>> = {
  "kv/range": "KV/Range",
  "kv/put": "KV/Put",
  "kv/deleterange": "KV/DeleteRange",
  "kv/txn": "KV/Txn",
  "kv/compaction": "KV/Compact",
  watch: "Watch/Watch",
  "lease/grant": "Lease/LeaseGrant",
  "lease/revoke": "Lease/LeaseRevoke",
  "lease/keepalive": "Lease/LeaseKeepAlive",
  "lease/timetolive": "Lease/LeaseTimeToLive",
  "lease/leases": "Lease/LeaseLeases",
  "kv/lease/revoke": "Lease/LeaseRevoke",
  "kv/lease/timetolive": "Lease/LeaseTimeToLive",
  "kv/lease/leases": "Lease/LeaseLeases",
  "cluster/member/add": "Cluster/MemberAdd",
  "cluster/member/remove": "Cluster/MemberRemove",
  "cluster/member/update": "Cluster/MemberUpdate",
  "cluster/member/list": "Cluster/MemberList",
  "cluster/member/promote": "Cluster/MemberPromote",
  "maintenance/alarm": "Maintenance/Alarm",
  "maintenance/status": "Maintenance/Status",
  "maintenance/defragment": "Maintenance/Defragment",
  "maintenance/hash": "Maintenance/Hash",
  "maintenance/hashkv": "Maintenance/HashKV",
  "maintenance/snapshot": "Maintenance/Snapshot",
  "maintenance/transfer-leadership": "Maintenance/MoveLeader",
  "maintenance/downgrade": "Maintenance/Downgrade",
  "auth/enable": "Auth/AuthEnable",
  "auth/disable": "Auth/AuthDisable",
  "auth/status": "Auth/AuthStatus",
  "auth/authenticate": "Auth/Authenticate",
  "auth/user/add": "Auth/UserAdd",
  "auth/user/get": "Auth/UserGet",
  "auth/user/list": "Auth/UserList",
  "auth/user/delete": "Auth/UserDelete",
  "auth/user/changepw": "Auth/UserChangePassword",
  "auth/user/grant": "Auth/UserGrantRole",
  "auth/user/revoke": "Auth/UserRevokeRole",
  "auth/role/add": "Auth/RoleAdd",
  "auth/role/get": "Auth/RoleGet",
  "auth/role/list": "Auth/RoleList",
  "auth/role/delete": "Auth/RoleDelete",
  "auth/role/grant": "Auth/RoleGrantPermission",
  "auth/role/revoke": "Auth/RoleRevokePermission",
  "lock/lock": "/v3lockpb.Lock/Lock",
  "lock/unlock": "/v3lockpb.Lock/Unlock",
  "election/campaign": "/v3electionpb.Election/Campaign",
  "election/proclaim": "/v3electionpb.Election/Proclaim",
  "election/leader": "/v3electionpb.Election/Leader",
  "election/observe": "/v3electionpb.Election/Observe",
  "election/resign": "/v3electionpb.Election/Resign",
};
/** gRPC's codes as HTTP's (grpc-gateway's table). */
const STATUS: Readonly<Record<number, number>> = {
  1: 499,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  14: 503,
  16: 401,
};

/** The answer to a request below /v3/; undefined: it is none. `most`: bytes of a request. */
export async function gateway(routes: ReadonlyMap<string, Route>, request: HttpRequest, most: number): Promise<HttpResponse | undefined> {
  const path = /^\/v3(?:beta)?\/([^?]*)/.exec(request.url)?.[1];
  if (path === undefined) return undefined;
  const name = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined;
  const route = name && routes.get(name.startsWith("/") ? name : `/etcdserverpb.${name}`);
  if (!route) return failed(new RpcError(rpcCode.notFound, "Not Found"));
  if (request.method !== "POST") return failed(new RpcError(rpcCode.unimplemented, "Method Not Allowed"));
  try {
    const body = await bytesOf({ status: 200, headers: {}, body: bounded(request.body, most) });
    const { input, output } = route.method;
    const messages = parsed(text(body)).map(json => messageOf(input, json));
    const call = callOf(request, body.length);
    if (route.stream) return streamed(route.stream, output, messages, call);
    const answer = await route.unary(messages[0] ?? messageOf(input, {}), call);
    return { status: 200, headers: { "content-type": "application/json" }, body: utf8(JSON.stringify(jsonOf(output, answer))) };
  } catch (error) {
    return failed(error);
  }
}

/** The gateway's calls never come with the certificate of the connection (it may be shared by many), only with a token. */
function callOf({ headers, signal }: HttpRequest, bytes: number): Call {
  return { headers, peer: undefined, bytes, signal: signal ?? new AbortController().signal };
}
function failed(error: unknown): HttpResponse {
  const { code } = rpcErrorOf(error);
  return {
    status: STATUS[code] ?? 500,
    headers: { "content-type": "application/json" },
    body: utf8(JSON.stringify(statusOf(error))),
  };
}
function statusOf(error: unknown) {
  const { code, message } = rpcErrorOf(error);
  return { code, message };
}
/** The documents of a body: none, one, or one a line. */
function parsed(body: string): unknown[] {
  try {
    if (body.trim() === "") return [];
    return [JSON.parse(body)];
  } catch (error) {
    try {
      return body
        .split("\n")
        .filter(line => line.trim() !== "")
        .map(line => JSON.parse(line) as unknown);
    } catch {
      throw new RpcError(rpcCode.invalidArgument, `proto: syntax error: ${(error as Error).message}`);
    }
  }
}
async function* bounded(body: HttpRequest["body"], most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const part of body instanceof Uint8Array ? [body] : (body ?? [])) {
    size += part.length;
    if (size > most) throw new RpcError(rpcCode.invalidArgument, "etcdserver: request is too large");
    yield part;
  }
}

/** A stream's answers as lines; the call ends when the reader leaves. */
function streamed(handle: Streaming, output: AnyMessage, messages: readonly Value<AnyMessage>[], call: Call): HttpResponse {
  const lines: { readonly text: Uint8Array; readonly taken?: () => void }[] = [];
  let over = false;
  let wake: (() => void) | undefined;
  const tell = (line: unknown, taken?: () => void) => {
    lines.push({ text: utf8(`${JSON.stringify(line)}\n`), taken });
    wake?.();
  };
  const gone = new AbortController();
  const signal = AbortSignal.any([call.signal, gone.signal]);
  const waiting = [...messages];
  const channel: Channel = {
    next: async () => waiting.shift(),
    send: async (message: Input<AnyMessage>) => {
      if (signal.aborted) throw new RpcError(rpcCode.cancelled, "context canceled");
      // A line waits until it is taken: a reader who does not read is waited for.
      await new Promise<void>(resolve => tell({ result: jsonOf(output, message) }, resolve));
    },
  };
  void handle(channel, { ...call, signal })
    .catch(error => {
      if (!signal.aborted) tell({ error: statusOf(error) });
    })
    .finally(() => {
      over = true;
      wake?.();
    });
  signal.addEventListener(
    "abort",
    () => {
      for (const line of lines.splice(0)) line.taken?.();
      wake?.();
    },
    { once: true },
  );
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const line = lines.shift();
        if (line) {
          try {
            yield line.text;
          } finally {
            line.taken?.();
          }
          continue;
        }
        if (over || signal.aborted) return;
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    } finally {
      gone.abort();
    }
  }
  return { status: 200, headers: { "content-type": "application/json" }, body: body() };
}
