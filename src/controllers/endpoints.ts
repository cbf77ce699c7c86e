/** Endpoints, the older form of endpoint slices: one object a service, its pods by ports and readiness. */
import { equal } from "#base/equal.ts";
import { controller, on } from "#client/controller.ts";
import { create, remove, type Step, update } from "#client/steps.ts";
import { keyOf, splitKey } from "#client/view.ts";
import {
  addressesOf,
  addressType,
  hasSelector,
  hostnameIn,
  isHeadless,
  selects,
  servicesOf,
  targetPort,
} from "#controllers/endpoints/ports.ts";
import { HEADLESS } from "#controllers/endpoints/slices.ts";
import { type EndpointAddress, type EndpointPort, type EndpointSubset, Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { isPodReady, isTerminal } from "#rules/pods.ts";

const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
const CAPACITY = 1000;

export interface Observed {
  readonly service: Service | undefined;
  readonly pods: readonly Pod[];
  readonly endpoints: Endpoints | undefined;
}

export const endpointsController = controller<Observed>({
  name: "endpoint-controller",
  keyedBy: "Service",
  watches: [on(Service), on(Pod, servicesOf), on(Endpoints, e => [keyOf(e)])],
  observe(key, { views }) {
    const { namespace, name } = splitKey(key);
    const service = views.of(Service).get(name, namespace);
    const pods = service
      ? views
          .of(Pod)
          .list(namespace)
          .filter(pod => selects(service, pod))
      : [];
    return { service, pods, endpoints: views.of(Endpoints).get(name, namespace) };
  },

  decide({ service, pods, endpoints }): Step[] {
    if (!service) {
      const ours = endpoints?.metadata.labels?.[MANAGED_BY] === MANAGER && !endpoints.metadata.deletionTimestamp;
      return ours ? [remove(Endpoints, endpoints, "its service is gone")] : [];
    }
    if (!hasSelector(service) || service.spec.type === "ExternalName") return [];
    const family = service.spec.ipFamilies?.[0] ?? "IPv4";
    const { subsets, truncated } = subsetsOf(service, pods, family);
    const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: MANAGER };
    delete labels[HEADLESS];
    if (isHeadless(service)) labels[HEADLESS] = "";
    const { [OVER_CAPACITY]: _, ...others } = endpoints?.metadata.annotations ?? {};
    const annotations = truncated ? { ...others, [OVER_CAPACITY]: "truncated" } : others;
    const because = "these are the service's pods and their state";
    if (!endpoints) {
      const { name, namespace } = service.metadata;
      return [create(Endpoints, { metadata: { name, namespace, labels, annotations }, subsets }, because)];
    }
    const next = { ...endpoints, metadata: { ...endpoints.metadata, labels, annotations }, subsets };
    const was = {
      ...endpoints,
      metadata: { ...endpoints.metadata, annotations: endpoints.metadata.annotations ?? {} },
      subsets: endpoints.subsets ?? [],
    };
    return equal(next, was) ? [] : [update(Endpoints, next, because)];
  },
});

/** Addresses with equal ports together, in upstream's canonical order; not more than 1000 in all, ready ones first. */
function subsetsOf(
  service: Service,
  pods: readonly Pod[],
  family: string,
): { readonly subsets: EndpointSubset[]; readonly truncated: boolean } {
  const all = service.spec.publishNotReadyAddresses === true;
  const found: { address: EndpointAddress; ports: EndpointPort[]; ready: boolean }[] = [];
  for (const pod of pods) {
    const ip = addressesOf(pod).find(a => addressType(a) === family);
    if (!ip || isTerminal(pod) || (pod.metadata.deletionTimestamp && !all)) continue;
    const ports = (service.spec.ports ?? []).flatMap(p => {
      const port = targetPort(pod, p);
      if (port === undefined) return [];
      return [
        { ...(p.name && { name: p.name }), port, protocol: p.protocol ?? "TCP", ...(p.appProtocol && { appProtocol: p.appProtocol }) },
      ];
    });
    if (ports.length === 0 && !(isHeadless(service) && !service.spec.ports?.length)) continue;
    const hostname = hostnameIn(service, pod);
    const { namespace, name, uid } = pod.metadata;
    const address: EndpointAddress = {
      ip,
      ...(hostname && { hostname }),
      ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
      targetRef: { kind: "Pod", namespace, name, uid },
    };
    ports.sort(
      (a, b) =>
        a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0) || ((a.name ?? "") < (b.name ?? "") ? -1 : 1),
    );
    found.push({ address, ports, ready: all || isPodReady(pod) });
  }
  found.sort((a, b) => Number(b.ready) - Number(a.ready) || (a.address.ip < b.address.ip ? -1 : a.address.ip > b.address.ip ? 1 : 0));
  const groups = new Map<string, EndpointSubset>();
  for (const { address, ports, ready } of found.slice(0, CAPACITY)) {
    const id = JSON.stringify(ports);
    const subset = groups.get(id) ?? (ports.length > 0 ? { ports } : {});
    groups.set(id, subset);
    const side = ready ? "addresses" : "notReadyAddresses";
    subset[side] = [...(subset[side] ?? []), address];
  }
  const subsets = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, subset]) => subset);
  return { subsets, truncated: found.length > CAPACITY };
}
