/** EndpointSlices for Endpoints that people write by hand for services without a selector. */
import { controller, on } from "#client/controller.ts";
import { remove, type Step } from "#client/steps.ts";
import { keyOf, splitKey } from "#client/view.ts";
import { addressType, hasSelector } from "#controllers/endpoints/ports.ts";
import { grouped, MANAGED_BY, SERVICE_NAME, slicesFor } from "#controllers/endpoints/slices.ts";
import { type EndpointAddress, Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { type Endpoint, EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { controllerReference } from "#rules/owners.ts";

const MANAGER = "endpointslicemirroring-controller.k8s.io";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";
const LEADER = "control-plane.alpha.kubernetes.io/leader";
/** Annotations that say something of the Endpoints object itself. */
const NOT_COPIED = new Set(["kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time"]);
const MOST = 1000;

export interface Observed {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  readonly slices: readonly EndpointSlice[];
}

export const endpointSliceMirroringController = controller<Observed>({
  name: "endpointslicemirroring-controller",
  keyedBy: "Endpoints",
  watches: [
    on(Endpoints),
    on(Service, s => [keyOf(s)]),
    on(EndpointSlice, slice => {
      const { labels, namespace } = slice.metadata;
      return labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME] ? [`${namespace}/${labels[SERVICE_NAME]}`] : [];
    }),
  ],
  observe(key, { views }) {
    const { namespace, name } = splitKey(key);
    const ours = (s: EndpointSlice) => s.metadata.labels?.[MANAGED_BY] === MANAGER && s.metadata.labels[SERVICE_NAME] === name;
    return {
      service: views.of(Service).get(name, namespace),
      endpoints: views.of(Endpoints).get(name, namespace),
      slices: views.of(EndpointSlice).list(namespace).filter(ours),
    };
  },

  decide({ service, endpoints, slices }): Step[] {
    const mirrored =
      service &&
      !hasSelector(service) &&
      endpoints &&
      !endpoints.metadata.deletionTimestamp &&
      endpoints.metadata.labels?.[SKIP] !== "true" &&
      endpoints.metadata.annotations?.[LEADER] === undefined;
    if (!mirrored)
      return slices.filter(s => !s.metadata.deletionTimestamp).map(s => remove(EndpointSlice, s, "its Endpoints are not to be mirrored"));
    const all = (endpoints.subsets ?? []).flatMap(subset => {
      const ports = (subset.ports ?? []).map(p => ({ ...p, name: p.name ?? "", protocol: p.protocol ?? "TCP" }));
      const each = (addresses: readonly EndpointAddress[] | undefined, ready: boolean) =>
        (addresses ?? []).map(a => ({ addressType: addressType(a.ip), ports, endpoint: endpointOf(a, ready) }));
      return [...each(subset.addresses, true), ...each(subset.notReadyAddresses, false)].slice(0, MOST);
    });
    const { name = "", namespace = "", labels, annotations } = endpoints.metadata;
    const copied = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key)));
    const owner = {
      name,
      namespace,
      reference: controllerReference(Endpoints, endpoints),
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      ...(Object.keys(copied).length > 0 && { annotations: copied }),
    };
    return slicesFor(owner, grouped([], all), slices, "the Endpoints say so");
  },
});

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}
