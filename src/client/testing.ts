/**
 * A small server for this room's tests: the objects, revisions, watches and deletions of the API, without schemas, admission or rights.
 * Tests may stand between it and the client (`intercept`) to lose answers or refuse requests.
 */
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpRequest, HttpResponse } from "#base/http.ts";
import { alreadyExists, conflict, expired, MODIFIED, notFound, StatusError } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Transport } from "#client/client.ts";
import type { VirtualClock } from "#sim/clock.ts";

/** Advances a virtual clock in small steps, and lets everything that is under way come to rest at each. */
export async function run(clock: VirtualClock, ms: number): Promise<void> {
  const rest = () => new Promise<void>(resolve => setImmediate(resolve));
  const step = Math.max(1, ms / 50);
  await rest();
  for (let at = 0; at < ms; at += step) {
    await clock.advance(Math.min(step, ms - at));
    await rest();
  }
}

interface Stored {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown> & { name: string; namespace?: string; resourceVersion: string; uid: string };
  [field: string]: unknown;
}
interface Logged {
  readonly revision: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Stored;
}
export interface SmallServer {
  readonly transport: Transport;
  /** Writes so far: `POST /api/v1/namespaces/x/pods`. */
  readonly writes: string[];
  /** Called before (and instead of, when it answers) each request. */
  intercept?: (request: HttpRequest, pass: () => Promise<HttpResponse>) => Promise<HttpResponse> | undefined;
  /** Forgets the history, as compaction does, and ends all watches. */
  compact(): void;
}

export function smallServer(clock: Clock): SmallServer {
  const objects = new Map<string, Stored>();
  const history: Logged[] = [];
  const wakers = new Set<() => void>();
  let revision = 1;
  let oldest = 0;
  let epoch = 0;
  let names = 0;
  const writes: string[] = [];

  const record = (collection: string, type: Logged["type"], object: Stored): Stored => {
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(++revision) } };
    const at = `${collection}/${next.metadata.namespace ?? ""}/${next.metadata.name}`;
    if (type === "DELETED") objects.delete(at);
    else objects.set(at, next);
    history.push({ revision, collection, type, object: next });
    for (const wake of wakers) wake();
    return next;
  };

  async function handle(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.url, "http://small");
    const parts = url.pathname.split("/").filter(p => p !== "");
    const head = parts[0] === "api" ? parts.splice(0, 2) : parts.splice(0, 3);
    const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts.splice(0, 2)[1]! : "";
    const [plural = "", name] = parts;
    const group = head[0] === "apis" ? head[1]! : "";
    const collection = `${group}/${plural}`;
    const resource = { group, resource: plural };
    const at = `${collection}/${namespace}/${name}`;
    const body = request.body ? (JSON.parse(new TextDecoder().decode(request.body as Uint8Array)) as Stored) : undefined;
    if (request.method !== "GET") writes.push(`${request.method} ${url.pathname}`);
    const inScope = (o: Stored) => !namespace || o.metadata.namespace === namespace;

    if (request.method === "GET" && name === undefined) {
      if (url.searchParams.get("watch"))
        return { status: 200, headers: {}, body: watch(url.searchParams, collection, inScope, request.signal) };
      const items = [...objects].filter(([k, o]) => k.startsWith(`${collection}/`) && inScope(o)).map(([, o]) => o);
      return json(200, { kind: "List", apiVersion: "v1", metadata: { resourceVersion: String(revision) }, items });
    }
    if (request.method === "POST" && name === undefined && body) {
      const made = body.metadata.name ?? `${body.metadata.generateName}${String(++names).padStart(5, "0")}`;
      if (objects.has(`${collection}/${namespace}/${made}`)) throw alreadyExists(resource, made);
      const metadata = {
        ...body.metadata,
        name: made,
        ...(namespace && { namespace }),
        uid: `uid-${++names}`,
        generation: 1,
        creationTimestamp: formatTime(clock.now()),
        resourceVersion: "",
      };
      return json(201, record(collection, "ADDED", { status: {}, ...body, metadata }));
    }
    const old = objects.get(at);
    if (!old) throw notFound(resource, name ?? "");
    if (request.method === "GET") return json(200, old);
    if (request.method === "DELETE") {
      const precondition = (body?.preconditions as { uid?: string } | undefined)?.uid;
      if (precondition && precondition !== old.metadata.uid) throw conflict(resource, name!, "Precondition failed");
      const graceful = plural === "pods" && (old.spec as { nodeName?: string } | undefined)?.nodeName && body?.gracePeriodSeconds !== 0;
      const held = ((old.metadata.finalizers as string[] | undefined) ?? []).length > 0;
      if (!graceful && !held) {
        record(collection, "DELETED", old);
        return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
      }
      const dying = { ...old.metadata, deletionTimestamp: formatTime(clock.now()), deletionGracePeriodSeconds: graceful ? 30 : 0 };
      return json(200, record(collection, "MODIFIED", { ...old, metadata: dying }));
    }
    const next = request.method === "PUT" ? body! : (merged(old, body) as Stored);
    if (next.metadata.resourceVersion && next.metadata.resourceVersion !== old.metadata.resourceVersion && request.method === "PUT")
      throw conflict(resource, name!, MODIFIED);
    const result: Stored =
      parts[2] === "status" ? { ...old, status: next.status } : { ...next, metadata: { ...next.metadata, uid: old.metadata.uid } };
    if (JSON.stringify(result) === JSON.stringify(old)) return json(200, old);
    const gone = result.metadata.deletionTimestamp && ((result.metadata.finalizers as string[] | undefined) ?? []).length === 0;
    return json(200, record(collection, gone && plural !== "pods" ? "DELETED" : "MODIFIED", result));
  }
  async function* watch(query: URLSearchParams, collection: string, inScope: (o: Stored) => boolean, signal?: AbortSignal) {
    let seen = Number(query.get("resourceVersion") ?? 0);
    const began = epoch;
    const line = (type: string, object: unknown) => utf8(`${JSON.stringify({ type, object })}\n`);
    if (query.get("sendInitialEvents")) {
      seen = revision;
      for (const [k, o] of objects) if (k.startsWith(`${collection}/`) && inScope(o)) yield line("ADDED", o);
      yield line("BOOKMARK", { metadata: { resourceVersion: String(seen), annotations: { "k8s.io/initial-events-end": "true" } } });
    }
    if (seen < oldest) throw expired(`too old resource version: ${seen} (${oldest})`);
    while (!signal?.aborted && epoch === began) {
      for (const event of history) {
        if (event.revision <= seen || event.collection !== collection) continue;
        seen = event.revision;
        if (inScope(event.object)) yield line(event.type, event.object);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wakers.add(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      if (!history.some(e => e.revision > seen && e.collection === collection)) await promise;
      wakers.delete(resolve);
    }
  }
  const server: SmallServer = {
    writes,
    transport: async request => {
      const pass = async () => {
        try {
          return await handle(request);
        } catch (error) {
          if (error instanceof StatusError) return json(error.code, error.status);
          throw error;
        }
      };
      return (await server.intercept?.(request, pass)) ?? pass();
    },
    compact() {
      oldest = revision;
      history.length = 0;
      epoch++;
      for (const wake of wakers) wake();
    },
  };
  return server;
}

function json(status: number, body: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: utf8(JSON.stringify(body)) };
}
/** JSON merge patch, with owner references merged by uid as the strategic patch of the real server does. */
function merged(target: unknown, patch: unknown, at = ""): unknown {
  if (at === "ownerReferences" && Array.isArray(patch)) {
    const refs = patch as { uid: string; $patch?: string }[];
    const kept = ((target as { uid: string }[] | undefined) ?? []).filter(r => !refs.some(p => p.uid === r.uid));
    return [...kept, ...refs.filter(p => p.$patch !== "delete")];
  }
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = { ...(target as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merged(out[key], value, key);
  }
  return out;
}
