/** Where a connection inside the cluster leads, by the rules of its DNS and its proxy: from a name to a service or a pod, from a service to an endpoint. */
import type { Chance } from "#base/chance.ts";
import type { Views } from "#client/views.ts";
import { answer, namesOf } from "#dns/answer.ts";
import { zoneOf } from "#dns/zone.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { familyOf, isProxied, targetsOf } from "#proxy/endpoints.ts";
import { slicesByService } from "#rules/slices.ts";

export interface Dialled {
  readonly domain: string;
  /** Of the pod that dials: its search path begins there. */
  readonly namespace: string;
  readonly host: string;
  readonly port: number;
}
const IS_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;

/** Rejects with the sentence that a client would see. */
export function destination(
  views: Pick<Views, "of">,
  { domain, namespace, host, port }: Dialled,
  chance: Chance,
): { address: string; port: number } {
  const services = views.of(Service).list();
  const slices = views.of(EndpointSlice).list();
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(chance.next() * from.length)];
  let address = host;
  if (!IS_ADDRESS.test(host)) {
    const namespaces = views
      .of(Namespace)
      .list()
      .map(n => n.metadata.name ?? "");
    const names = namesOf(zoneOf(domain, namespaces, services, slices));
    const search = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain].map(suffix => `${host}.${suffix}`);
    const found = [...search, host].map(name => answer(names, { name, type: "A" })).find(a => a && a.answers.length > 0);
    const record = pick(found?.answers.filter(r => r.type === "A") ?? []);
    if (record?.type !== "A") throw new Error(`dial tcp: lookup ${host}: no such host`);
    address = record.data;
  }
  const service = services.find(s => isProxied(s) && (s.spec.clusterIPs ?? [s.spec.clusterIP]).includes(address));
  if (!service) return { address, port };
  const wanted = service.spec.ports?.find(p => p.port === port);
  const own = slicesByService(slices).get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
  const target = wanted && pick(targetsOf(wanted, own, "", familyOf(address)).all);
  if (!target) throw new Error(`dial tcp ${address}:${port}: connect: connection refused`);
  return { address: target.address, port: target.port };
}
