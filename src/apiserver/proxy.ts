/** pods/NAME/proxy, services/NAME/proxy and nodes/NAME/proxy: HTTP handed on to what the name stands for. */
import { type ConnectPorts, onward } from "#apiserver/connect.ts";
import { get } from "#apiserver/registry.ts";
import type { ResourceOptions, SubresourceHandler, Target } from "#apiserver/resources.ts";
import type { Handler, HttpResponse } from "#base/http.ts";
import { badRequest, serviceUnavailable } from "#base/status.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";

interface Named {
  readonly tls: boolean;
  readonly name: string;
  readonly port: string;
}
/** `[scheme:]name[:port]`; undefined when it is none. */
export function splitName(id: string): Named | undefined {
  const parts = id.split(":");
  const scheme = (s: string) => s === "" || s === "http" || s === "https";
  if (parts.length === 1) return { tls: false, name: id, port: "" };
  const [a = "", b = "", c = ""] = parts;
  if (parts.length === 2) return a ? { tls: false, name: a, port: b } : undefined;
  return parts.length === 3 && scheme(a) && b ? { tls: a === "https", name: b, port: c } : undefined;
}

/** Splits a proxy's URL behind `…/proxy`. */
function splitUrl(url: string): { prefix: string; path: string; query: string } {
  const at = url.indexOf("?");
  const whole = at < 0 ? url : url.slice(0, at);
  const m = /^(.*?\/(?:pods|services|nodes)\/[^/]+\/proxy)(\/.*)?$/.exec(whole);
  return { prefix: m?.[1] ?? whole, path: m?.[2] ?? "", query: at < 0 ? "" : url.slice(at) };
}

type Finder = (options: ResourceOptions, target: Target, named: Named) => Promise<Handler>;

function proxied(what: string, find: Finder): SubresourceHandler {
  return async (options, target): Promise<HttpResponse> => {
    const { call } = target;
    const { prefix, path, query } = splitUrl(call.http.url);
    const { method } = call.http;
    if (path === "" && (method === "GET" || method === "HEAD")) return { status: 301, headers: { location: `${prefix}/${query}` } };
    const named = splitName(call.info.name);
    if (!named) throw badRequest(`invalid ${what} request ${JSON.stringify(call.info.name)}`);
    const handler = await find(options, target, named);
    let response: HttpResponse;
    try {
      response = await handler(onward(call.http, `${path || "/"}${query}`));
    } catch (error) {
      throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`);
    }
    const { location } = response.headers;
    if (typeof location !== "string" || !location.startsWith("/")) return response;
    return { ...response, headers: { ...response.headers, location: prefix + location } };
  };
}

export function proxies(ports: ConnectPorts): [string, SubresourceHandler][] {
  const toPod: Finder = async (options, { namespace }, { tls, name, port }) => {
    const pod = (await get(options, Pod, namespace, name)).object as unknown as Pod;
    const host = pod.status.podIP;
    if (!host) throw badRequest("address not allowed");
    const own = (pod.spec.containers ?? []).flatMap(c => c.ports ?? []).find(p => p.containerPort > 0)?.containerPort;
    return ports.addressOf({ host, port: port ? Number(port) : (own ?? (tls ? 443 : 80)), tls });
  };
  const toService: Finder = async (options, { namespace }, { tls, name, port }) => {
    const service = (await get(options, Service, namespace, name)).object as unknown as Service;
    let portName = port;
    if (/^\d+$/.test(port)) {
      const found = service.spec.ports?.find(p => p.port === Number(port));
      if (!found) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
      portName = found.name ?? "";
    }
    const subsets = options.objects.get(Endpoints, name, namespace)?.subsets ?? [];
    const choices = subsets.flatMap(s => {
      const match = s.ports?.find(p => (p.name ?? "") === portName);
      return match ? (s.addresses ?? []).map(a => ({ host: a.ip, port: match.port })) : [];
    });
    const choice = choices[Math.floor(options.chance.next() * choices.length)];
    if (!choice) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    return ports.addressOf({ ...choice, tls });
  };
  const toNode: Finder = async (options, _target, { name }) => {
    await get(options, Node, "", name);
    return ports.kubeletOf(name);
  };
  return [
    ["/pods/proxy", proxied("pod", toPod)],
    ["/services/proxy", proxied("service", toService)],
    ["/nodes/proxy", proxied("node", toNode)],
  ];
}
