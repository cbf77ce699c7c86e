/** Rules of services (upstream's validateService). Node ports' ranges and the addresses themselves are the allocators'. */
import { parseIpSloppy } from "#base/cidr.ts";
import { type Path, type Report, root } from "#base/fielderror.ts";
import { dnsSubdomainProblems, legacyCidrProblems, legacyIpProblems } from "#base/names.ts";
import {
  checkLabelName,
  checkLabels,
  checkPortNumber,
  checkPortNumberOrName,
  checkQualified,
  checkSubdomain,
  checkSupported,
  complain,
} from "#kinds/checks.ts";
import { checkEndpointIp } from "#kinds/core/v1/addressvalidation.ts";
import type { LoadBalancerStatus, ServicePort, ServiceSpec } from "#kinds/core/v1/service.ts";
import { isExternal, isHeadless, needsHealthCheck } from "#kinds/core/v1/servicefields.ts";

const SPEC = root.child("spec");
const LB_ONLY = "may only be used when `type` is 'LoadBalancer'";
const MAX_AFFINITY = 86400;

export function validateService(spec: ServiceSpec, report: Report): void {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== "ExternalName") report.required(SPEC.child("ports"));
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(spec))
    report.invalid(SPEC.child("clusterIPs").index(0), "None", `may not be set to 'None' for ${spec.type} services`);
  if (spec.type === "ExternalName") validateExternalName(spec, report);
  const names = new Set<string>();
  for (const [i, p] of ports.entries()) validatePort(p, ports.length > 1, names, SPEC.child("ports").index(i), report);
  checkLabels(report, SPEC.child("selector"), spec.selector);
  checkSupported(report, SPEC.child("sessionAffinity"), spec.sessionAffinity, ["ClientIP", "None"], true);
  validateAffinity(spec, SPEC.child("sessionAffinityConfig"), report);
  if (spec.type !== "ExternalName") validateClusterIPs(spec, report);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    const here = SPEC.child("externalIPs").index(i);
    const problems = legacyIpProblems(ip);
    if (problems.length > 0) complain(report, here, ip, problems);
    else checkEndpointIp(report, here, ip);
  }
  checkSupported(report, SPEC.child("type"), spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], true);
  validatePortNumbers(spec, report);
  validateLoadBalancer(spec, report);
  validateTraffic(spec, report);
}

function validateExternalName(spec: ServiceSpec, report: Report): void {
  const no = "may not be set for ExternalName services";
  if (spec.clusterIPs?.length) report.forbidden(SPEC.child("clusterIPs"), no);
  if (spec.ipFamilies?.length) report.forbidden(SPEC.child("ipFamilies"), no);
  if (spec.ipFamilyPolicy !== undefined) report.forbidden(SPEC.child("ipFamilyPolicy"), no);
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name) checkSubdomain(report, SPEC.child("externalName"), name);
  else report.required(SPEC.child("externalName"));
}
function validatePort(p: ServicePort, named: boolean, names: Set<string>, at: Path, report: Report): void {
  if (p.name) {
    checkLabelName(report, at.child("name"), p.name);
    if (names.has(p.name)) report.duplicate(at.child("name"), p.name);
    names.add(p.name);
  } else if (named) report.required(at.child("name"));
  checkPortNumber(report, at.child("port"), p.port);
  checkSupported(report, at.child("protocol"), p.protocol, ["SCTP", "TCP", "UDP"], true);
  checkPortNumberOrName(report, at.child("targetPort"), p.targetPort ?? 0);
  if (p.appProtocol !== undefined) checkQualified(report, at.child("appProtocol"), p.appProtocol);
}
function validateAffinity(spec: ServiceSpec, at: Path, report: Report): void {
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "None" && config) report.forbidden(at, "must not be set when session affinity is None");
  if (spec.sessionAffinity !== "ClientIP") return;
  const why = "when session affinity type is ClientIP";
  if (!config) return report.required(at, why);
  if (!config.clientIP) return report.required(at.child("clientIP"), why);
  const seconds = config.clientIP.timeoutSeconds;
  if (seconds === undefined) return report.required(at.child("clientIP", "timeoutSeconds"), why);
  if (seconds <= 0 || seconds > MAX_AFFINITY)
    report.invalid(at.child("clientIP", "timeoutSeconds"), seconds, `must be greater than 0 and less than ${MAX_AFFINITY}`);
}

function validateClusterIPs(spec: ServiceSpec, report: Report): void {
  const at = SPEC.child("clusterIPs");
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) report.required(at);
    else if (ips[0] !== spec.clusterIP) report.invalid(at, ips, "first value must match `clusterIP`");
  } else if (ips.length > 0) report.invalid(at, ips, "must be empty when `clusterIP` is not specified");
  const seen = new Set<string>();
  for (const [i, f] of (spec.ipFamilies ?? []).entries()) {
    const here = SPEC.child("ipFamilies").index(i);
    checkSupported(report, here, f, ["IPv4", "IPv6"]);
    if (seen.has(f)) report.duplicate(here, f);
    seen.add(f);
  }
  if (spec.ipFamilyPolicy !== undefined)
    checkSupported(report, SPEC.child("ipFamilyPolicy"), spec.ipFamilyPolicy, ["PreferDualStack", "RequireDualStack", "SingleStack"]);
  let bad = false;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === "None") {
      if (ips.length > 1) {
        bad = true;
        report.invalid(at, ips, "'None' must be the first and only value");
      }
      continue;
    }
    const problems = legacyIpProblems(ip);
    if (problems.length > 0) bad = true;
    complain(report, at.index(i), ip, problems);
  }
  if (ips.length > 2) report.invalid(at, ips, "may only hold up to 2 values");
  if (bad) return;
  const families = ips.map(ip => parseIpSloppy(ip)?.family);
  if (ips.length > 1 && new Set(families).size !== ips.length)
    report.invalid(at, ips, "may specify no more than one IP for each IP family");
  if (isHeadless(spec)) return;
  for (const [i, ip] of ips.entries()) {
    const family = spec.ipFamilies?.[i];
    if (family !== undefined && family !== `IPv${families[i]}`)
      report.invalid(at.index(i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  }
}

function validatePortNumbers(spec: ServiceSpec, report: Report): void {
  const at = SPEC.child("ports");
  const ports = [...(spec.ports ?? []).entries()];
  if (spec.type === "ClusterIP")
    for (const [i, p] of ports)
      if (p.nodePort) report.forbidden(at.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'");
  const nodePorts = new Set<string>();
  for (const [i, p] of ports) {
    if (!p.nodePort) continue;
    const id = `${p.protocol}/${p.nodePort}`;
    if (nodePorts.has(id)) report.duplicate(at.index(i).child("nodePort"), p.nodePort);
    nodePorts.add(id);
  }
  const seen = new Set<string>();
  for (const [i, { protocol, port }] of ports) {
    const id = `${protocol}/${port}`;
    // The value in the sentence is upstream's internal type, with the fields that count.
    if (seen.has(id))
      report.duplicate(at.index(i), { Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 });
    seen.add(id);
  }
}

function validateLoadBalancer(spec: ServiceSpec, report: Report): void {
  const balanced = spec.type === "LoadBalancer";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const at = SPEC.child("LoadBalancerSourceRanges");
  if (ranges.length > 0 && !balanced) report.forbidden(at, LB_ONLY);
  for (const [i, r] of ranges.entries()) complain(report, at.index(i), r.trim(), legacyCidrProblems(r.trim()));
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced) report.forbidden(SPEC.child("allocateLoadBalancerNodePorts"), LB_ONLY);
  if (spec.loadBalancerClass === undefined) return;
  if (balanced) checkQualified(report, SPEC.child("loadBalancerClass"), spec.loadBalancerClass);
  else report.forbidden(SPEC.child("loadBalancerClass"), LB_ONLY);
}

function validateTraffic(spec: ServiceSpec, report: Report): void {
  const policies = ["Cluster", "Local"];
  const external = SPEC.child("externalTrafficPolicy");
  if (isExternal(spec)) checkSupported(report, external, spec.externalTrafficPolicy, policies, true);
  else if (spec.externalTrafficPolicy)
    report.invalid(external, spec.externalTrafficPolicy, "may only be set for externally-accessible services");
  const health = SPEC.child("healthCheckNodePort");
  if (needsHealthCheck(spec)) {
    if (!spec.healthCheckNodePort) report.required(health);
    else checkPortNumber(report, health, spec.healthCheckNodePort);
  } else if (spec.healthCheckNodePort)
    report.invalid(
      health,
      spec.healthCheckNodePort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  if (spec.internalTrafficPolicy !== undefined)
    checkSupported(report, SPEC.child("internalTrafficPolicy"), spec.internalTrafficPolicy, policies);
  if (spec.trafficDistribution !== undefined)
    checkSupported(report, SPEC.child("trafficDistribution"), spec.trafficDistribution, [
      "PreferClose",
      "PreferSameZone",
      "PreferSameNode",
    ]);
}

export function validateServiceUpdate(spec: ServiceSpec, old: ServiceSpec, report: Report): void {
  if (spec.type !== "ExternalName" && old.type !== "ExternalName") {
    if (!(isHeadless(spec) && isHeadless(old))) keepFirst(spec, old, "clusterIPs", report);
    if (!isHeadless(spec) && !isHeadless(old)) keepFirst(spec, old, "ipFamilies", report);
  }
  if (spec.type === "LoadBalancer" && old.type === "LoadBalancer" && spec.loadBalancerClass !== old.loadBalancerClass)
    report.invalid(SPEC.child("loadBalancerClass"), spec.loadBalancerClass ?? null, "may not change once set");
  if (needsHealthCheck(spec) && needsHealthCheck(old) && spec.healthCheckNodePort !== old.healthCheckNodePort)
    report.forbidden(SPEC.child("healthCheckNodePort"), "field is immutable");
}
/** The first address (family) stays; a second one may come, and may go with policy SingleStack. */
function keepFirst(spec: ServiceSpec, old: ServiceSpec, field: "clusterIPs" | "ipFamilies", report: Report): void {
  const [next, was] = [spec[field] ?? [], old[field] ?? []];
  const at = SPEC.child(field);
  if (next.length === was.length) {
    for (const [i, v] of was.entries())
      if (next[i] !== v) report.invalid(at.index(field === "clusterIPs" ? i : 0), next, "may not change once set");
    return;
  }
  const one = field === "clusterIPs" ? "clusterIP" : "ipFamily";
  if (next.length < was.length && (spec.clusterIPs ?? []).length === 0)
    report.invalid(at.index(0), next, `primary ${one} can not be unset`);
  if (was.length > 0 && next.length > 0 && next[0] !== was[0]) report.invalid(at.index(0), next, "may not change once set");
  if (next.length < was.length && next.length === 1 && spec.ipFamilyPolicy !== "SingleStack")
    report.invalid(
      SPEC.child("ipFamilyPolicy"),
      spec.ipFamilyPolicy ?? null,
      `must be set to 'SingleStack' when releasing the secondary ${one}`,
    );
}

export function validateServiceStatus(status: LoadBalancerStatus, spec: ServiceSpec, report: Report): void {
  const at = root.child("status", "loadBalancer", "ingress");
  const ingress = status.ingress ?? [];
  if (spec.type !== "LoadBalancer" && ingress.length > 0)
    return report.forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'");
  for (const [i, { ip, ipMode, hostname }] of ingress.entries()) {
    const here = at.index(i);
    if (ip) complain(report, here.child("ip"), ip, legacyIpProblems(ip));
    if (ipMode === undefined) {
      if (ip) report.required(here.child("ipMode"), "must be specified when `ip` is set");
    } else if (!ip) report.forbidden(here.child("ipMode"), "may not be specified when `ip` is not set");
    else checkSupported(report, here.child("ipMode"), ipMode, ["Proxy", "VIP"]);
    if (!hostname) continue;
    complain(report, here.child("hostname"), hostname, dnsSubdomainProblems(hostname));
    if (parseIpSloppy(hostname)) report.invalid(here.child("hostname"), hostname, "must be a DNS name, not an IP address");
  }
}
