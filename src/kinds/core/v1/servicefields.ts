/** Defaults of services, and the fields that follow from others (upstream's defaults.go and pkg/registry/core/service/storage). */
import { equal } from "#base/equal.ts";
import type { ServiceSpec, ServiceStatus } from "#kinds/core/v1/service.ts";

export const DEFAULT_AFFINITY_SECONDS = 10800;

const hasNodePorts = (s: ServiceSpec) => s.type === "NodePort" || (s.type === "LoadBalancer" && (s.allocateLoadBalancerNodePorts ?? true));
const hasClusterIP = (s: ServiceSpec) => s.type === "ClusterIP" || s.type === "NodePort" || s.type === "LoadBalancer";
export const isExternal = (s: ServiceSpec): boolean =>
  s.type === "LoadBalancer" || s.type === "NodePort" || (s.type === "ClusterIP" && (s.externalIPs ?? []).length > 0);
export const needsHealthCheck = (s: ServiceSpec): boolean => s.type === "LoadBalancer" && s.externalTrafficPolicy === "Local";
export const isHeadless = (s: ServiceSpec): boolean => s.clusterIPs?.length === 1 && s.clusterIPs[0] === "None";

export function defaultService({ spec, status }: { spec: ServiceSpec; status: ServiceStatus }): void {
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: DEFAULT_AFFINITY_SECONDS } };
  spec.type ||= "ClusterIP";
  for (const p of spec.ports ?? []) if (!p.targetPort) p.targetPort = p.port;
  if (isExternal(spec)) spec.externalTrafficPolicy ||= "Cluster";
  if (hasClusterIP(spec)) spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type !== "LoadBalancer") return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const i of status.loadBalancer.ingress ?? []) if (i.ip) i.ipMode ??= "VIP";
}

/** A client that knows only clusterIP, or only what it wants to change, gets the other fields filled in. */
export function prepareServiceCreate(spec: ServiceSpec): void {
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
}

/** What the allocators gave stays when a client leaves it out; what a new type has no use for goes, unless the client set it anew. */
export function prepareServiceUpdate(spec: ServiceSpec, old: ServiceSpec): void {
  keepAllocated(spec, old);
  matchClusterIPs(spec, old);
  dropByType(spec, old);
}

function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (hasClusterIP(old) && hasClusterIP(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs];
  }
  if (hasNodePorts(old) && hasNodePorts(spec)) {
    const key = (p: { protocol: string; port: number }) => `${p.protocol}/${p.port}`;
    const given = new Map((old.ports ?? []).map(p => [key(p), p.nodePort]));
    const used = new Set((spec.ports ?? []).filter(p => p.nodePort).map(p => `${p.protocol}/${p.nodePort}`));
    for (const p of spec.ports ?? []) {
      const was = given.get(key(p));
      if (p.nodePort || !was || used.has(`${p.protocol}/${was}`)) continue;
      p.nodePort = was;
      used.add(`${p.protocol}/${was}`);
    }
  }
  if (needsHealthCheck(old) && needsHealthCheck(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort)
    spec.healthCheckNodePort = old.healthCheckNodePort;
}

function matchClusterIPs(spec: ServiceSpec, old: ServiceSpec): void {
  const same = equal(spec.clusterIPs ?? [], old.clusterIPs ?? []);
  if (spec.clusterIP === old.clusterIP) {
    if (old.clusterIPs?.length && !spec.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
    return;
  }
  if (!same) return;
  if (!spec.clusterIP) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP];
}

function dropByType(spec: ServiceSpec, old: ServiceSpec): void {
  if (hasClusterIP(old) && !hasClusterIP(spec) && equal(spec.clusterIPs ?? [], old.clusterIPs ?? [])) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (hasClusterIP(old) && !hasClusterIP(spec)) {
    if (equal(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (hasNodePorts(old) && !hasNodePorts(spec)) {
    const had = new Set((old.ports ?? []).map(p => p.nodePort));
    for (const p of spec.ports ?? []) if (had.has(p.nodePort)) delete p.nodePort;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(spec) && spec.healthCheckNodePort === old.healthCheckNodePort)
    delete spec.healthCheckNodePort;
  if (isExternal(old) && !isExternal(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
}
