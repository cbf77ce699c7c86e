/** Which endpoints a service port's traffic may go to, by upstream's rules (KEP-1669 terminating endpoints, KEP-2086 internal policy). */
import type { Service, ServicePort } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";

export interface Target {
  readonly address: string;
  readonly port: number;
  readonly local: boolean;
}
export interface Targets {
  /** For traffic under the Cluster policy. */
  readonly all: readonly Target[];
  /** For traffic under the Local policy: those on this node. */
  readonly local: readonly Target[];
}
export type Family = 4 | 6;
export const familyOf = (address: string): Family => (address.includes(":") ? 6 : 4);

/** Ready endpoints; where there is none, those that terminate but still serve. Sorted, so that equal states give equal rules. */
export function targetsOf(port: ServicePort, slices: readonly EndpointSlice[], nodeName: string, family: Family): Targets {
  const ready: Target[] = [];
  const ending: Target[] = [];
  for (const slice of slices) {
    if (slice.addressType !== (family === 4 ? "IPv4" : "IPv6")) continue;
    const number = slice.ports?.find(p => (p.name ?? "") === (port.name ?? "") && (p.protocol ?? "TCP") === (port.protocol ?? "TCP"))?.port;
    if (!number) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (!address) continue;
      const target = { address, port: number, local: endpoint.nodeName === nodeName };
      const { ready: isReady = true, serving = isReady, terminating = false } = endpoint.conditions ?? {};
      if (isReady) ready.push(target);
      else if (serving && terminating) ending.push(target);
    }
  }
  const pick = (wanted: (t: Target) => boolean) => {
    const first = ready.filter(wanted);
    return unique(first.length ? first : ending.filter(wanted));
  };
  return { all: pick(() => true), local: pick(t => t.local) };
}

function unique(targets: readonly Target[]): Target[] {
  const byKey = new Map(targets.map(t => [`${t.address} ${t.port}`, t]));
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, t]) => t);
}

/** A service that packets can be sent to. */
export function isProxied(service: Service): boolean {
  return service.spec.type !== "ExternalName" && !!service.spec.clusterIP && service.spec.clusterIP !== "None";
}
