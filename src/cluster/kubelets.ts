/** Kubelets' own APIs over the network: served at their machine's address, and the way there for control planes that do not run them. */
import { contains, parseCidr, parseIp } from "#base/cidr.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { serviceUnavailable } from "#base/status.ts";
import { NODE_RANGE } from "#cluster/ranges.ts";
import { outward } from "#host/outward.ts";
import type { Pki } from "#host/pki.ts";
import { type HttpsServer, serveHttps } from "#host/server.ts";
import type { Node } from "#kinds/core/v1/node.ts";

/** At the wanted port, or where that is taken at any. */
export async function serveKubelet(handler: Handler, host: string, wanted: number, pki: Pki, log: Log): Promise<HttpsServer> {
  const { certificate: cert, key } = pki.kubelet;
  const at = (port: number) => serveHttps({ handler, host, port, cert, key, clientCa: pki.ca, log });
  return at(wanted).catch(() => at(0));
}
/** Several kubelets behind one address: the request's host is the node that is meant. */
export function byHost(kubeletOf: (nodeName: string) => Handler | undefined): Handler {
  return async request => (await kubeletOf(request.headers.host ?? "")?.(request)) ?? { status: 404, headers: {} };
}

/** The kubelet of a node that runs elsewhere, as its object says where; both show certificates of the cluster's CA. */
export function farKubelet(name: string, node: Node | undefined, pki: Pki): Handler {
  const host = addressOf(node);
  const port = node?.status.daemonEndpoints.kubeletEndpoint.Port ?? 0;
  const unreachable = (why: string) => serviceUnavailable(`the kubelet of node "${name}" cannot be reached${why}`);
  if (!host || port === 0) throw unreachable("");
  const { certificate: cert, key } = pki.apiserverKubeletClient;
  const reach = outward({ host, port, tls: true, trust: { ca: pki.ca, cert, key } });
  return request =>
    reach({ ...request, headers: { ...request.headers, host: name } }).catch(error => {
      throw unreachable(`: ${error instanceof Error ? error.message : String(error)}`);
    });
}
/** Simulated nodes have an internal address that nobody can reach. */
function addressOf(node: Node | undefined): string | undefined {
  const addresses = node?.status.addresses ?? [];
  const of = (type: string) => addresses.find(a => a.type === type)?.address;
  const internal = of("InternalIP");
  const ip = internal === undefined ? undefined : parseIp(internal);
  return ip && !contains(parseCidr(NODE_RANGE)!, ip) ? internal : of("ExternalIP");
}
