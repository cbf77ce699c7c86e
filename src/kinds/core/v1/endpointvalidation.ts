/** Rules of Endpoints and EndpointSlice. */

import { parseIpSloppy } from "#base/cidr.ts";
import { type Path, type Report, root } from "#base/fielderror.ts";
import { dnsSubdomainProblems, ipProblems } from "#base/names.ts";
import {
  checkImmutable,
  checkLabelName,
  checkLabels,
  checkLegacyIp,
  checkPortNumber,
  checkQualified,
  checkSubdomain,
  checkSupported,
  complain,
} from "#kinds/checks.ts";
import { checkEndpointIp } from "#kinds/core/v1/addressvalidation.ts";
import type { EndpointAddress, EndpointSubset } from "#kinds/core/v1/endpoints.ts";
import type { Endpoint, EndpointPort } from "#kinds/discovery/v1/endpointslice.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

export function validateEndpoints(subsets: readonly EndpointSubset[], report: Report): void {
  for (const [i, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = root.child("subsets").index(i);
    if (addresses.length + notReadyAddresses.length === 0) report.required(at, "must specify `addresses` or `notReadyAddresses`");
    for (const [j, a] of addresses.entries()) validateAddress(a, at.child("addresses").index(j), report);
    for (const [j, a] of notReadyAddresses.entries()) validateAddress(a, at.child("notReadyAddresses").index(j), report);
    for (const [j, p] of ports.entries()) {
      const here = at.child("ports").index(j);
      if (p.name) checkLabelName(report, here.child("name"), p.name);
      else if (ports.length > 1) report.required(here.child("name"));
      checkPortNumber(report, here.child("port"), p.port);
      checkSupported(report, here.child("protocol"), p.protocol, PROTOCOLS, true);
      if (p.appProtocol !== undefined) checkQualified(report, here.child("appProtocol"), p.appProtocol);
    }
  }
}
function validateAddress({ ip, hostname, nodeName }: EndpointAddress, at: Path, report: Report): void {
  checkLegacyIp(report, at.child("ip"), ip);
  if (hostname) checkLabelName(report, at.child("hostname"), hostname);
  if (nodeName !== undefined) checkSubdomain(report, at.child("nodeName"), nodeName);
  checkEndpointIp(report, at.child("ip"), ip);
}

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 100;
const MAX_HINTS = 8;
const TYPES = ["FQDN", "IPv4", "IPv6"];

export interface SliceShape {
  addressType: string;
  endpoints?: readonly Endpoint[] | null;
  ports?: readonly EndpointPort[] | null;
}
export function validateSlice({ addressType, endpoints, ports }: SliceShape, report: Report): void {
  checkSupported(report, root.child("addressType"), addressType, TYPES, true);
  const at = root.child("endpoints");
  const list = endpoints ?? [];
  if (list.length > MAX_ENDPOINTS) report.tooMany(at, list.length, MAX_ENDPOINTS);
  else for (const [i, e] of list.entries()) validateEndpoint(e, addressType, at.index(i), report);
  validateSlicePorts(ports ?? [], root.child("ports"), report);
}
function validateEndpoint(e: Endpoint, type: string, at: Path, report: Report): void {
  const here = at.child("addresses");
  const addresses = e.addresses ?? [];
  if (addresses.length === 0) report.required(here, "must contain at least 1 address");
  else if (addresses.length > MAX_ADDRESSES) report.tooMany(here, addresses.length, MAX_ADDRESSES);
  for (const [i, a] of addresses.entries()) {
    if (type === "FQDN") validateFqdn(a, here.index(i), report);
    else if (type === "IPv4" || type === "IPv6") {
      const problems = ipProblems(a);
      complain(report, here.index(i), a, problems);
      const ip = parseIpSloppy(a);
      if (ip && `IPv${ip.family}` !== type) report.invalid(here.index(i), a, `must be a valid ${type} address`);
      if (problems.length === 0) checkEndpointIp(report, here.index(i), a);
    }
  }
  checkLabels(report, at.child("deprecatedTopology"), e.deprecatedTopology);
  if (e.nodeName !== undefined) checkSubdomain(report, at.child("nodeName"), e.nodeName);
  if (e.hostname !== undefined) checkLabelName(report, at.child("hostname"), e.hostname);
  for (const field of ["forZones", "forNodes"] as const) {
    const hints = e.hints?.[field] ?? [];
    const place = at.child("hints", field);
    if (hints.length > MAX_HINTS) report.tooMany(place, hints.length, MAX_HINTS);
    const seen = new Set<string>();
    for (const [i, { name }] of hints.entries()) {
      if (seen.has(name)) report.duplicate(place.index(i).child("name"), name);
      else if (field === "forZones") checkQualified(report, place.index(i).child("name"), name);
      else checkSubdomain(report, place.index(i).child("name"), name);
      seen.add(name);
    }
  }
}
function validateFqdn(name: string, at: Path, report: Report): void {
  const bare = name.replace(/\.$/, "");
  if (bare === "") return report.required(at);
  const problems = dnsSubdomainProblems(bare);
  complain(report, at, name, problems);
  if (problems.length === 0 && bare.split(".").length < 2)
    report.invalid(at, name, "should be a domain with at least two segments separated by dots");
}
function validateSlicePorts(ports: readonly EndpointPort[], at: Path, report: Report): void {
  if (ports.length > MAX_PORTS) return report.tooMany(at, ports.length, MAX_PORTS);
  const names = new Set<string>();
  for (const [i, { name = "", port, protocol, appProtocol }] of ports.entries()) {
    const here = at.index(i);
    if (name) checkLabelName(report, here.child("name"), name);
    if (names.has(name)) report.duplicate(here.child("name"), name);
    names.add(name);
    if (protocol === undefined) report.required(here.child("protocol"));
    else checkSupported(report, here.child("protocol"), protocol, PROTOCOLS);
    if (port !== undefined) checkPortNumber(report, here.child("port"), port);
    if (appProtocol !== undefined) checkQualified(report, here.child("appProtocol"), appProtocol);
  }
}
export function validateSliceUpdate(now: SliceShape, old: SliceShape, report: Report): void {
  checkImmutable(report, root.child("addressType"), now.addressType, old.addressType);
}
