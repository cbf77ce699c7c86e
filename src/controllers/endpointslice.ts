/** EndpointSlices of services with a selector: where their pods are to be reached. */
import { controller, on } from "#client/controller.ts";
import type { Step } from "#client/steps.ts";
import { splitKey } from "#client/view.ts";
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
import { grouped, HEADLESS, MANAGED_BY, SERVICE_NAME, slicesFor } from "#controllers/endpoints/slices.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { type Endpoint, type EndpointPort, EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { controllerReference } from "#rules/owners.ts";
import { isPodReady, isTerminal } from "#rules/pods.ts";

const MANAGER = "endpointslice-controller.k8s.io";
const BY_SERVICE = "service";
const BY_NODE = "node";
const ZONE = "topology.kubernetes.io/zone";

export interface Observed {
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly slices: readonly EndpointSlice[];
  /** Zones by node name. */
  readonly zones: ReadonlyMap<string, string>;
}

export const endpointSliceController = controller<Observed>({
  name: "endpointslice-controller",
  keyedBy: "Service",
  watches: [
    on(Service),
    on(Pod, servicesOf),
    on(EndpointSlice, slice => {
      const { labels, namespace } = slice.metadata;
      return labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME] ? [`${namespace}/${labels[SERVICE_NAME]}`] : [];
    }),
    on(
      Node,
      (node, views) =>
        views
          .of(Pod)
          .by(BY_NODE, node.metadata.name ?? "")
          .flatMap(pod => servicesOf(pod, views)),
      { reads: zoneOf },
    ),
  ],
  prepare(views) {
    views.of(EndpointSlice).index(BY_SERVICE, s => [`${s.metadata.namespace}/${s.metadata.labels?.[SERVICE_NAME] ?? ""}`]);
    views.of(Pod).index(BY_NODE, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  },
  observe(key, { views }) {
    const { namespace, name } = splitKey(key);
    const service = views.of(Service).get(name, namespace);
    if (!service) return undefined;
    const pods = views
      .of(Pod)
      .list(namespace)
      .filter(pod => selects(service, pod));
    const slices = views
      .of(EndpointSlice)
      .by(BY_SERVICE, key)
      .filter(s => s.metadata.labels?.[MANAGED_BY] === MANAGER);
    const nodes = new Set(pods.map(pod => pod.spec.nodeName ?? ""));
    const zones = new Map([...nodes].map(node => [node, zoneOf(views.of(Node).get(node))]));
    return { service, pods, slices, zones };
  },

  decide({ service, pods, slices, zones }): Step[] {
    // its slices, if it had any, are collected with their owner or were never ours
    if (!hasSelector(service) || service.spec.type === "ExternalName" || service.metadata.deletionTimestamp) return [];
    const families = service.spec.ipFamilies?.length ? service.spec.ipFamilies : ["IPv4"];
    const all = pods
      .filter(pod => !isTerminal(pod))
      .flatMap(pod => {
        const ports = portsOf(service, pod);
        return families.flatMap(family => {
          const addresses = addressesOf(pod).filter(ip => addressType(ip) === family);
          return addresses.length > 0 ? [{ addressType: family, ports, endpoint: endpointOf(service, pod, addresses, zones) }] : [];
        });
      });
    const labels: Record<string, string> = {
      ...service.metadata.labels,
      [SERVICE_NAME]: service.metadata.name ?? "",
      [MANAGED_BY]: MANAGER,
    };
    delete labels[HEADLESS];
    if (isHeadless(service)) labels[HEADLESS] = "";
    const reference = controllerReference(Service, service);
    const owner = { name: service.metadata.name ?? "", namespace: service.metadata.namespace ?? "", reference, labels };
    return slicesFor(owner, grouped(families, all), slices, "these are the service's pods and their state");
  },
});

function zoneOf(node: Node | undefined): string {
  return node?.metadata.labels?.[ZONE] ?? "";
}
function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap(p => {
    const port = targetPort(pod, p);
    if (port === undefined) return [];
    return [{ name: p.name ?? "", port, protocol: p.protocol ?? "TCP", ...(p.appProtocol && { appProtocol: p.appProtocol }) }];
  });
}
function endpointOf(service: Service, pod: Pod, addresses: string[], zones: ReadonlyMap<string, string>): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const { nodeName } = pod.spec;
  const zone = zones.get(nodeName ?? "");
  const hostname = hostnameIn(service, pod);
  const near = service.spec.trafficDistribution;
  const hints =
    ready && near && zone
      ? { hints: { forZones: [{ name: zone }], ...(near === "PreferSameNode" && nodeName && { forNodes: [{ name: nodeName }] }) } }
      : {};
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    targetRef: { kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...hints,
  };
}
