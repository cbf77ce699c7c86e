/** What DNS must know of a cluster, as one value: pure function of services and endpoint slices; written to disk, read by the DNS process. */
import type { Service } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { slicesByService } from "#rules/slices.ts";

/** One service, by what its names answer. Addresses of both families stand together; the question's type picks. */
export interface ServiceRecords {
  readonly namespace: string;
  readonly name: string;
  /** Cluster addresses; empty when headless or external. */
  readonly addresses: readonly string[];
  readonly externalName: string;
  readonly ports: readonly PortRecord[];
  /** Of headless services: the ready endpoints (all, with publishNotReadyAddresses). */
  readonly endpoints: readonly EndpointRecord[];
  readonly headless: boolean;
}
export interface PortRecord {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}
export interface EndpointRecord {
  readonly hostname: string;
  readonly address: string;
  readonly ports: readonly PortRecord[];
}
/** What the DNS process serves from; `format` guards against a file of another make. */
export interface Zone {
  readonly format: 1;
  readonly domain: string;
  readonly namespaces: readonly string[];
  readonly services: readonly ServiceRecords[];
}

/** An endpoint's name below its service: its hostname, or its address with dashes (DNS-based service discovery 2.4.1). */
export function endpointHostname(hostname: string | undefined, address: string): string {
  return hostname || address.replaceAll(/[.:]/g, "-");
}

/**
 * The zone of a cluster (https://github.com/kubernetes/dns/blob/master/docs/specification.md, 1.1.0).
 * Slices are joined to services by their kubernetes.io/service-name label.
 */
export function zoneOf(
  domain: string,
  namespaces: readonly string[],
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): Zone {
  const byService = slicesByService(slices);
  const records = services.map(service =>
    recordsOf(service, byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? []),
  );
  records.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  return { format: 1, domain, namespaces: [...namespaces].sort(compare), services: records };
}

function recordsOf(service: Service, slices: readonly EndpointSlice[]): ServiceRecords {
  const { spec, metadata } = service;
  const external = spec.type === "ExternalName";
  const headless = !external && spec.clusterIP === "None";
  const ports = (spec.ports ?? []).map(p => ({ name: p.name ?? "", protocol: p.protocol ?? "TCP", port: p.port }));
  const endpoints: EndpointRecord[] = [];
  const seen = new Set<string>();
  for (const slice of headless ? slices : []) {
    const slicePorts = (slice.ports ?? []).map(p => ({ name: p.name ?? "", protocol: p.protocol ?? "TCP", port: p.port ?? 0 }));
    for (const endpoint of slice.endpoints) {
      if (endpoint.conditions?.ready === false && !spec.publishNotReadyAddresses) continue;
      const address = endpoint.addresses[0];
      if (!address) continue;
      const record = { hostname: endpointHostname(endpoint.hostname, address), address, ports: slicePorts };
      const key = JSON.stringify(record);
      if (!seen.has(key)) endpoints.push(record);
      seen.add(key);
    }
  }
  endpoints.sort((a, b) => compare(a.address, b.address));
  const own = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    addresses: headless || external ? [] : own,
    externalName: external ? (spec.externalName ?? "") : "",
    ports,
    endpoints,
    headless,
  };
}
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
