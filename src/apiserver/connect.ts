/**
 * Streams to nodes: pods' log, exec, attach and portforward, and nodes' proxy. The pod names its node; the request is handed on to that
 * node's kubelet as it came, with the paths that upstream's kubelet has.
 */
import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import { admission, admit, get, validateAdmission } from "#apiserver/registry.ts";
import { notAllowed, type ResourceOptions, type SubresourceHandler, type Target, writeOf } from "#apiserver/resources.ts";
import { bytes } from "#apiserver/respond.ts";
import { text } from "#base/bytes.ts";
import type { Handler, HttpRequest, HttpResponse } from "#base/http.ts";
import { badRequest, failure, internalError } from "#base/status.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

export interface ConnectPorts {
  /** The way to a node's kubelet; throws what the client is to be told when there is none. */
  kubeletOf(nodeName: string): Handler | Promise<Handler>;
  /** The way to whatever listens at an address. */
  addressOf(target: { readonly host: string; readonly port: number; readonly tls: boolean }): Handler | Promise<Handler>;
}

const names = (containers: readonly { name?: string }[] | undefined) => (containers ?? []).map(c => c.name ?? "");

/** The container that a stream is meant for; throws upstream's 400s. */
export function containerOf(pod: Pod, asked: string): string {
  const { name } = pod.metadata;
  const main = names(pod.spec.containers);
  const init = names(pod.spec.initContainers);
  const ephemeral = names(pod.spec.ephemeralContainers);
  if (asked) {
    if ([...main, ...init, ...ephemeral].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  if (main.length === 1) return main[0]!;
  if (main.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  let why = `a container name must be specified for pod ${name}, choose one of: [${main.join(" ")}]`;
  if (init.length > 0) why += ` or one of the init containers: [${init.join(" ")}]`;
  if (ephemeral.length > 0) why += ` or one of the ephemeral containers: [${ephemeral.join(" ")}]`;
  throw badRequest(why);
}

/** The request as the other side sees it: another path, and none of what was meant for this server alone. */
export function onward(request: HttpRequest, url: string): HttpRequest {
  const headers: Record<string, string | undefined> = { ...request.headers };
  for (const name of Object.keys(headers)) if (name === "authorization" || name.startsWith("impersonate-")) delete headers[name];
  const { identity: _i, peer: _p, ...rest } = request;
  return { ...rest, url, headers };
}

async function podOf(options: ResourceOptions, target: Target): Promise<Pod> {
  return (await get(options, Pod, target.namespace, target.call.info.name)).object as unknown as Pod;
}
async function admitConnect(options: ResourceOptions, target: Target): Promise<void> {
  const request = admission(writeOf(target, { dryRun: false, manager: "" }), "CONNECT", undefined, undefined);
  await admit(options, request);
  await validateAdmission(options, request);
}

const ERROR_BYTES = 50_000;
/** What a kubelet refused, as a Status (registry/generic/rest.GenericHttpResponseChecker). */
async function refused(response: HttpResponse): Promise<Error> {
  let why = "";
  if (response.body instanceof Uint8Array) why = text(response.body);
  else
    for await (const part of response.body ?? []) {
      why += text(part);
      if (why.length > ERROR_BYTES) break;
    }
  if (response.status === 400) return badRequest(why);
  if (response.status === 500) return internalError(why);
  return failure(
    response.status,
    "UnknownError",
    why || `an error on the server (${JSON.stringify(response.status)}) has prevented the request from succeeding`,
    {},
  );
}

/** Query names that are for this server, not the kubelet. */
const OURS = new Set(["container", "pretty", "insecureSkipTLSVerifyBackend", "timeout"]);

function log(ports: ConnectPorts): SubresourceHandler {
  return async (options, target) => {
    const { call, namespace } = target;
    if (call.info.verb !== "get") throw notAllowed();
    const pod = await podOf(options, target);
    const container = containerOf(pod, call.query.get("container") ?? "");
    const type = "text/plain";
    if (!pod.spec.nodeName) return bytes(new Uint8Array(0), type);
    const query = new URLSearchParams([...call.query].filter(([k]) => !OURS.has(k)));
    const url = `/containerLogs/${namespace}/${pod.metadata.name}/${container}${query.size > 0 ? `?${query}` : ""}`;
    const kubelet = await ports.kubeletOf(pod.spec.nodeName);
    const response = await kubelet(onward(call.http, url));
    if (response.status === 101) return response;
    if (response.status < 200 || response.status > 206) throw await refused(response);
    return { status: 200, headers: { "content-type": type }, ...(response.body && { body: response.body }) };
  };
}

/** Clients' names of streams, and the kubelet's. */
const STREAMS = [
  ["stdin", "input"],
  ["stdout", "output"],
  ["stderr", "error"],
  ["tty", "tty"],
] as const;
const isTrue = (v: string | null) => v === "true" || v === "1";

function stream(ports: ConnectPorts, door: "exec" | "attach" | "portForward"): SubresourceHandler {
  return async (options, target) => {
    const { call, namespace } = target;
    if (call.info.verb !== "get" && call.info.verb !== "create") throw notAllowed();
    if (call.info.verb === "get") {
      // A WebSocket must begin with GET; it may do no less than the POST of other clients, so it needs their right (KEP-5495).
      const attributes = { ...attributesOf(call), verb: "create" };
      const { decision, reason } = await options.authorizer.authorize(attributes);
      if (decision !== "allow") throw refusal(attributes, reason);
    }
    await admitConnect(options, target);
    const pod = await podOf(options, target);
    const query = new URLSearchParams();
    let path = `/${door}/${namespace}/${pod.metadata.name}`;
    if (door === "portForward") for (const p of call.query.getAll("ports")) query.append("port", p);
    else {
      path += `/${containerOf(pod, call.query.get("container") ?? "")}`;
      for (const [theirs, ours] of STREAMS) if (isTrue(call.query.get(theirs))) query.append(ours, "1");
      for (const c of call.query.getAll("command")) query.append("command", c);
    }
    if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
    const kubelet = await ports.kubeletOf(pod.spec.nodeName);
    return kubelet(onward(call.http, query.size > 0 ? `${path}?${query}` : path));
  };
}

export function streams(ports: ConnectPorts): [string, SubresourceHandler][] {
  return [
    ["/pods/log", log(ports)],
    ["/pods/exec", stream(ports, "exec")],
    ["/pods/attach", stream(ports, "attach")],
    ["/pods/portforward", stream(ports, "portForward")],
  ];
}
