/** The node's own HTTPS API, as the apiserver and metrics collectors use it (upstream's pkg/kubelet/server). */
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { Handler, HttpRequest, HttpResponse } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { parseTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { Access } from "#kubelet/access.ts";
import type { KubeletConfig } from "#kubelet/config.ts";
import { readLog } from "#kubelet/logs.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { NodeReporter } from "#kubelet/node.ts";
import { attemptsOf, currentSandbox, wantedOf } from "#kubelet/observed.ts";
import type { Disk, LogFiles, Machine, StreamServer } from "#kubelet/ports.ts";
import { type ContainerState, type Runtime, RuntimeAway } from "#kubelet/runtime.ts";
import { metricsText, resourceMetrics, summaryOf } from "#kubelet/stats.ts";
import type { Worker } from "#kubelet/worker.ts";

export interface ServerParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly logFiles: LogFiles;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly streams: StreamServer;
  readonly config: KubeletConfig;
  readonly workers: () => readonly Worker[];
  readonly reporter: () => NodeReporter | undefined;
}
/** Thrown by routes: an answer of plain text. */
class Refusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
const plain = (status: number, message: string): HttpResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: utf8(message),
});
const json = (value: unknown): HttpResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: utf8(JSON.stringify(value)),
});
const METRICS = "text/plain; version=0.0.4; charset=utf-8";

export function nodeApi(parts: ServerParts): Handler {
  const access = new Access(parts.client, parts.clock, parts.config.node.name);
  return async request => {
    const { pathname, searchParams } = new URL(request.url, "https://node");
    try {
      const user = await access.whoIs(request);
      if (!user) return plain(401, "Unauthorized");
      const refusal = await access.refusal(user, request.method, pathname);
      if (refusal !== undefined) return plain(403, refusal);
      return await route(parts, request, pathname.split("/").slice(1).map(decodeURIComponent), searchParams);
    } catch (error) {
      if (error instanceof Refusal) return plain(error.code, error.message);
      if (error instanceof RuntimeAway) return plain(503, `the container runtime is away: ${error.message}`);
      parts.log.warn("a request to the node failed", { path: pathname, error: messageOf(error) });
      return plain(500, messageOf(error));
    }
  };
}

async function route(parts: ServerParts, request: HttpRequest, path: readonly string[], query: URLSearchParams): Promise<HttpResponse> {
  switch (path[0]) {
    case "healthz":
      return plain(200, "ok");
    case "pods":
    case "runningpods": {
      const items = parts.workers().map(w => w.writer.withOwnStatus(w.pod));
      return json({ kind: "PodList", apiVersion: "v1", metadata: {}, items });
    }
    case "stats":
      if (path[1] === "summary") return json(await summaryOf(parts));
      break;
    case "metrics":
      if (path.length === 1) return { status: 200, headers: { "content-type": METRICS }, body: utf8(metricsText(parts)) };
      if (path[1] === "resource") return { status: 200, headers: { "content-type": METRICS }, body: utf8(await resourceMetrics(parts)) };
      break;
    case "containerLogs":
      if (path.length === 4) return logsOf(parts, request, path, query);
      break;
    case "exec":
    case "attach":
      if (path.length === 4 || path.length === 5) return streamsOf(parts, request, path, query);
      break;
    case "portForward":
      if (path.length === 3 || path.length === 4) return streamsOf(parts, request, path, query);
  }
  throw new Refusal(404, "404 page not found\n");
}

function workerOf(parts: ServerParts, namespace: string, name: string, uid: string | undefined): Worker {
  const found = parts
    .workers()
    .filter(w => w.pod.metadata.namespace === namespace && w.pod.metadata.name === name && (!uid || w.uid === uid));
  const worker = found.find(w => !w.gone) ?? found[0];
  if (!worker) throw new Refusal(404, `pod "${name}_${namespace}" not found`);
  return worker;
}

const flag = (query: URLSearchParams, ...names: string[]) => names.some(n => ["1", "true"].includes(query.get(n) ?? ""));
function count(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  const n = Number(value);
  if (!Number.isSafeInteger(n) || n < 0) throw new Refusal(400, `invalid value for "${name}": ${value}`);
  return n;
}

function logsOf(parts: ServerParts, request: HttpRequest, path: readonly string[], query: URLSearchParams): HttpResponse {
  const [, namespace = "", name = "", containerName = ""] = path;
  const worker = workerOf(parts, namespace, name, undefined);
  const { pod, state } = worker;
  if (!wantedOf(pod).some(w => w.container.name === containerName))
    throw new Refusal(400, `container "${containerName}" is not valid for pod "${name}"`);
  const status = worker.writer.withOwnStatus(pod).status;
  const shown = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find(s => s.name === containerName);
  const attempts = attemptsOf({ pod, state, now: parts.clock.now() }, containerName).filter(a => a.logPath);
  let chosen: ContainerState | undefined = attempts[0];
  if (flag(query, "previous")) {
    const last = shown?.lastState.terminated?.containerID;
    chosen = attempts.find(a => last?.endsWith(a.id));
    if (!chosen) throw new Refusal(400, `previous terminated container "${containerName}" in pod "${name}" not found`);
  }
  if (!chosen || chosen.state === "created") {
    const reason = shown?.state.waiting?.reason;
    const why = reason ? `is waiting to start: ${shown.state.waiting?.message ?? reason}` : "is not available";
    throw new Refusal(400, `container "${containerName}" in pod "${name}" ${why}`);
  }
  const seconds = count(query, "sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const since = seconds !== undefined ? parts.clock.now() - seconds * 1000 : sinceTime ? parseTime(sinceTime) : undefined;
  const stream = (query.get("stream") ?? "All").toLowerCase();
  const ending = new AbortController();
  request.signal?.addEventListener("abort", () => ending.abort(), { once: true });
  const { id, logPath } = chosen;
  const body = readLog(
    {
      follow: flag(query, "follow"),
      timestamps: flag(query, "timestamps"),
      since,
      tailLines: count(query, "tailLines"),
      limitBytes: count(query, "limitBytes"),
      stream: stream === "stdout" || stream === "stderr" ? stream : "all",
    },
    {
      files: parts.logFiles,
      path: logPath,
      signal: ending.signal,
      running: () => !worker.closed && (worker.state?.containers.some(c => c.id === id && c.state === "running") ?? false),
    },
  );
  return { status: 200, headers: { "content-type": "text/plain" }, body };
}

function streamsOf(parts: ServerParts, request: HttpRequest, path: readonly string[], query: URLSearchParams): Promise<HttpResponse> {
  const verb = path[0] as "exec" | "attach" | "portForward";
  const [, namespace = "", name = ""] = path;
  const withUid = path.length === (verb === "portForward" ? 4 : 5);
  const worker = workerOf(parts, namespace, name, withUid ? path[3] : undefined);
  if (verb === "portForward") {
    const sandbox = currentSandbox(worker.state);
    if (!sandbox?.ready) throw new Refusal(400, `pod not found or not running: "${name}_${namespace}"`);
    const ports = query
      .getAll("port")
      .flatMap(p => p.split(","))
      .map(Number);
    return parts.streams.serve(request, { verb, sandboxId: sandbox.id, ports });
  }
  const containerName = path.at(-1) ?? "";
  const running = worker.state?.containers.find(c => c.name === containerName && c.state === "running");
  if (!running) throw new Refusal(404, `container not found ("${containerName}")`);
  const target = {
    containerId: running.id,
    stdin: flag(query, "input", "stdin"),
    stdout: flag(query, "output", "stdout"),
    stderr: flag(query, "error", "stderr"),
    tty: flag(query, "tty"),
  };
  return parts.streams.serve(request, verb === "exec" ? { verb, ...target, command: query.getAll("command") } : { verb, ...target });
}
