/**
 * From services, endpoints and host ports to one rule set: named chains, sets and map elements of one nftables table.
 * Pure; `script.ts` turns the difference of two rule sets into one atomic transaction.
 */

import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Service, ServicePort } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { type Family, familyOf, isProxied, type Target, targetsOf } from "#proxy/endpoints.ts";
import { slicesByService } from "#rules/slices.ts";

export interface ProxyInput {
  readonly nodeName: string;
  /** Ranges of pod addresses of the whole cluster, and of service addresses. */
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  /** Pods of this node that have addresses; for host ports. */
  readonly pods: readonly Pod[];
}

/** Everything in the table that changes with the cluster; the frame around it is `script.ts`'s. */
export interface RuleSet {
  /** Rules by chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Clients that stick to an endpoint: a set by endpoint of a service with session affinity. */
  readonly affinity: ReadonlyMap<string, { readonly family: Family; readonly seconds: number }>;
  /** Elements by set or map: key → verdict, or "" in plain sets. */
  readonly elements: ReadonlyMap<ElementMap, ReadonlyMap<string, string>>;
  /** UDP and SCTP flows that exist by these rules: `protocol address port target-address target-port`. For stale entries of conntrack. */
  readonly flows: ReadonlySet<string>;
}
export type ElementMap = `services${Family}` | `nodeports${Family}` | `hostports${Family}` | `anyhostports${Family}` | `hairpin${Family}`;

export const MASQUERADE_MARK = 0x4000;
const MARK = `meta mark set mark or 0x${MASQUERADE_MARK.toString(16)}`;
/** The default of sessionAffinityConfig.clientIP.timeoutSeconds. */
const AFFINITY_SECONDS = 10800;

export function rulesOf(input: ProxyInput): RuleSet {
  const draft = new Draft();
  const byService = slicesByService(input.slices);
  for (const service of input.services) {
    if (!isProxied(service)) continue;
    const slices = byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
    for (const address of service.spec.clusterIPs ?? [service.spec.clusterIP!]) {
      for (const port of service.spec.ports ?? []) addPort(draft, input, service, port, slices, address);
    }
  }
  for (const pod of input.pods) addHostPorts(draft, pod);
  return draft;
}

class Draft implements RuleSet {
  readonly chains = new Map<string, readonly string[]>();
  readonly affinity = new Map<string, { family: Family; seconds: number }>();
  readonly elements = new Map<ElementMap, Map<string, string>>();
  readonly flows = new Set<string>();
  element(map: ElementMap, key: string, value: string): void {
    const known = this.elements.get(map);
    if (known) known.set(key, value);
    else this.elements.set(map, new Map([[key, value]]));
  }
}

function addPort(
  draft: Draft,
  input: ProxyInput,
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  clusterIp: string,
): void {
  const family = familyOf(clusterIp);
  const targets = targetsOf(port, slices, input.nodeName, family);
  const protocol = (port.protocol ?? "TCP").toLowerCase();
  const { spec } = service;
  const base = `${service.metadata.namespace}/${service.metadata.name}/${protocol}/${port.port}-${family}`;
  const internal = spec.internalTrafficPolicy === "Local" ? targets.local : targets.all;

  const chainFor = (prefix: string, chosen: readonly Target[]): string | undefined => {
    if (chosen.length === 0) return undefined;
    const name = `${prefix}-${base}`;
    draft.chains.set(name, balance(draft, service, name, protocol, family, chosen));
    return name;
  };
  const main = chainFor("svc", internal);
  // Without a chain the packet keeps its address and the frame's filter refuses it.
  if (main) draft.element(`services${family}`, key(clusterIp, protocol, port.port), `goto ${main}`);
  for (const t of internal) addFlow(draft, protocol, clusterIp, port.port, t);

  const externals = [...(spec.externalIPs ?? []), ...ingress(service)].filter(a => familyOf(a) === family);
  if (externals.length === 0 && !port.nodePort) return;
  const local = spec.externalTrafficPolicy === "Local";
  const cluster = spec.internalTrafficPolicy === "Local" ? chainFor("all", targets.all) : main;
  const outside = local ? chainFor("local", targets.local) : undefined;
  const entry = `ext-${base}`;
  const rules: string[] = [];
  if (local) {
    // Traffic that starts in the cluster is not bound to local endpoints (upstream's short-circuit).
    for (const range of input.clusterCidrs.filter(c => familyOf(c) === family)) {
      if (cluster) rules.push(`${ip(family)} saddr ${range} goto ${cluster}`);
    }
    if (cluster) rules.push(`fib saddr type local ${MARK} goto ${cluster}`);
    if (outside) rules.push(`goto ${outside}`);
  } else if (cluster) {
    rules.push(MARK, `goto ${cluster}`);
  }
  if (rules.length === 0) return;
  draft.chains.set(entry, rules);
  for (const address of externals) draft.element(`services${family}`, key(address, protocol, port.port), `goto ${entry}`);
  if (port.nodePort) draft.element(`nodeports${family}`, `${protocol} . ${port.nodePort}`, `goto ${entry}`);
  for (const t of local ? targets.local : targets.all) {
    for (const address of externals) addFlow(draft, protocol, address, port.port, t);
    if (port.nodePort) addFlow(draft, protocol, "", port.nodePort, t);
  }
}

/** The rules that spread new connections over targets. */
function balance(draft: Draft, service: Service, chain: string, protocol: string, family: Family, targets: readonly Target[]): string[] {
  for (const t of targets) draft.element(`hairpin${family}`, `${t.address} . ${t.address}`, "");
  if (service.spec.sessionAffinity !== "ClientIP") {
    const to = `meta l4proto ${protocol} dnat ${ip(family)} to`;
    if (targets.length === 1) return [`${to} ${joined(targets[0]!)}`];
    return [`${to} numgen random mod ${targets.length} map { ${targets.map((t, i) => `${i} : ${t.address} . ${t.port}`).join(", ")} }`];
  }
  // A chain and a set for each endpoint, so that clients keep theirs while others come and go.
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS;
  const chains = targets.map(t => {
    const name = `ep-${chain}/${t.address.replaceAll(":", ".")}.${t.port}`;
    const set = name.replace(/^ep-/, "aff-");
    draft.affinity.set(set, { family, seconds });
    draft.chains.set(name, [
      `update @${set} { ${ip(family)} saddr timeout ${seconds}s }`,
      `meta l4proto ${protocol} dnat ${ip(family)} to ${joined(t)}`,
    ]);
    return { name, set };
  });
  return [
    ...chains.map(c => `${ip(family)} saddr @${c.set} goto ${c.name}`),
    `numgen random mod ${chains.length} vmap { ${chains.map((c, i) => `${i} : goto ${c.name}`).join(", ")} }`,
  ];
}

/** hostPort of a pod: on every address of the node, or on the one that hostIP names. */
function addHostPorts(draft: Draft, pod: Pod): void {
  if (pod.spec.hostNetwork || pod.status.phase === "Succeeded" || pod.status.phase === "Failed") return;
  const containers = [...(pod.spec.initContainers ?? []).filter(c => c.restartPolicy === "Always"), ...pod.spec.containers];
  for (const { ip: address } of pod.status.podIPs ?? []) {
    if (!address) continue;
    const family = familyOf(address);
    for (const p of containers.flatMap(c => c.ports ?? [])) {
      if (!p.hostPort) continue;
      const protocol = (p.protocol ?? "TCP").toLowerCase();
      const anyIp = !p.hostIP || p.hostIP === "0.0.0.0" || p.hostIP === "::";
      if (!anyIp && familyOf(p.hostIP!) !== family) continue;
      const target: Target = { address, port: p.containerPort, local: true };
      const chain = `host-${protocol}/${p.hostPort}-${anyIp ? family : p.hostIP!.replaceAll(":", ".")}`;
      draft.chains.set(chain, [MARK, `meta l4proto ${protocol} dnat ${ip(family)} to ${joined(target)}`]);
      draft.element(`hairpin${family}`, `${address} . ${address}`, "");
      if (anyIp) draft.element(`anyhostports${family}`, `${protocol} . ${p.hostPort}`, `goto ${chain}`);
      else draft.element(`hostports${family}`, key(p.hostIP!, protocol, p.hostPort), `goto ${chain}`);
      addFlow(draft, protocol, anyIp ? "" : p.hostIP!, p.hostPort, target);
    }
  }
}

function addFlow(draft: Draft, protocol: string, address: string, port: number, target: Target): void {
  if (protocol !== "tcp") draft.flows.add(`${protocol} ${address || "*"} ${port} ${target.address} ${target.port}`);
}
function ingress(service: Service): string[] {
  return (service.status.loadBalancer?.ingress ?? []).flatMap(i => (i.ip && i.ipMode !== "Proxy" ? [i.ip] : []));
}
const ip = (family: Family) => (family === 4 ? "ip" : "ip6");
const key = (address: string, protocol: string, port: number) => `${address} . ${protocol} . ${port}`;
const joined = (t: Target) => (familyOf(t.address) === 6 ? `[${t.address}]:${t.port}` : `${t.address}:${t.port}`);
