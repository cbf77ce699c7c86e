import { dns1035LabelProblems } from "#base/names.ts";
import { AGE, labelsText, NAME } from "#kinds/columns.ts";
import { defaultService, prepareServiceCreate, prepareServiceUpdate } from "#kinds/core/v1/servicefields.ts";
import { validateService, validateServiceStatus, validateServiceUpdate } from "#kinds/core/v1/servicevalidation.ts";
import { kind } from "#kinds/kind.ts";
import { Condition } from "#kinds/meta/v1/condition.ts";
import { bool, int32, intOrString, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ServicePort = object("ServicePort", "A port of a service.", {
  name: string(1, "The port's name within the service; needed where there are several."),
  protocol: string(2, "TCP, UDP or SCTP.").default("TCP").oneOf("SCTP", "TCP", "UDP"),
  appProtocol: string(6, "The protocol that is spoken on the port, such as kubernetes.io/h2c."),
  port: int32(3, "The number that clients use.").required().always(),
  targetPort: intOrString(4, "The port of the pods, as a number or by name; the same number unless stated."),
  nodePort: int32(5, "The port on every node that leads here; chosen unless stated."),
});
export interface ServicePort extends ObjectOf<typeof ServicePort> {}

export const ClientIPConfig = object("ClientIPConfig", "Affinity by the client's address.", {
  timeoutSeconds: int32(1, "How long a client stays with its pod; 10800 unless stated, at most 86400."),
});
export interface ClientIPConfig extends ObjectOf<typeof ClientIPConfig> {}

export const SessionAffinityConfig = object("SessionAffinityConfig", "Settings of the affinity.", {
  clientIP: ClientIPConfig(1, "For affinity by the client's address."),
});
export interface SessionAffinityConfig extends ObjectOf<typeof SessionAffinityConfig> {}

export const ServiceSpec = object("ServiceSpec", "How a service is reached, and what is behind it.", {
  ports: list(1, ServicePort, "The ports of the service.").key("port", "protocol").patch("merge", "port"),
  selector: map(2, string, "Labels of the pods behind it; without a selector the endpoints are managed by somebody else.").atomic(),
  clusterIP: string(3, "The address within the cluster; chosen unless stated. None makes the service headless."),
  clusterIPs: list(18, string, "The addresses within the cluster, at most one of each family; the first is clusterIP.").atomic(),
  type: string(4, "ClusterIP, NodePort, LoadBalancer or ExternalName; ClusterIP unless stated.").oneOf(
    "ClusterIP",
    "ExternalName",
    "LoadBalancer",
    "NodePort",
  ),
  externalIPs: list(
    5,
    string,
    "Further addresses at which nodes take connections; bringing them there is the administrator's business.",
  ).atomic(),
  sessionAffinity: string(7, "ClientIP keeps a client with its pod; None unless stated.").oneOf("ClientIP", "None"),
  loadBalancerIP: string(8, "The address wanted of the load balancer. Superseded by settings of each implementation."),
  loadBalancerSourceRanges: list(9, string, "Ranges of client addresses that the load balancer lets in.").atomic(),
  externalName: string(10, "The name that DNS answers with, for type ExternalName."),
  externalTrafficPolicy: string(
    11,
    "Local keeps connections from outside on the node where they arrive and shows the client's address; Cluster spreads them.",
  ).oneOf("Cluster", "Local"),
  healthCheckNodePort: int32(
    12,
    "The port at which nodes tell load balancers whether they have endpoints; with externalTrafficPolicy Local.",
  ),
  publishNotReadyAddresses: bool(13, "Whether addresses are published before their pods are ready."),
  sessionAffinityConfig: SessionAffinityConfig(14, "Settings of the affinity."),
  ipFamilies: list(19, string, "The address families, in order: IPv4, IPv6.").oneOf("", "IPv4", "IPv6").atomic(),
  ipFamilyPolicy: string(17, "SingleStack, PreferDualStack or RequireDualStack.").oneOf(
    "PreferDualStack",
    "RequireDualStack",
    "SingleStack",
  ),
  allocateLoadBalancerNodePorts: bool(20, "Whether a LoadBalancer service also gets node ports; true unless stated."),
  loadBalancerClass: string(21, "Which load balancer implementation is meant."),
  internalTrafficPolicy: string(22, "Local keeps connections from within on their node; Cluster unless stated.").oneOf("Cluster", "Local"),
  trafficDistribution: string(
    23,
    "Which endpoints are preferred: PreferSameZone, PreferSameNode, or PreferClose, the old name of the first.",
  ),
});
export interface ServiceSpec extends ObjectOf<typeof ServiceSpec> {}

export const PortStatus = object("PortStatus", "What came of a port on a load balancer.", {
  port: int32(1, "The port's number.").required().always(),
  protocol: string(2, "TCP, UDP or SCTP.").required().always().oneOf("SCTP", "TCP", "UDP"),
  error: string(3, "What went wrong with it."),
});
export interface PortStatus extends ObjectOf<typeof PortStatus> {}

export const LoadBalancerIngress = object("LoadBalancerIngress", "A way in through a load balancer.", {
  ip: string(1, "The load balancer's address."),
  hostname: string(2, "The load balancer's name."),
  ipMode: string(3, "VIP: packets keep the address; Proxy: they arrive with the node's."),
  ports: list(4, PortStatus, "What came of the ports.").atomic(),
});
export interface LoadBalancerIngress extends ObjectOf<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = object("LoadBalancerStatus", "The load balancer of a service.", {
  ingress: list(1, LoadBalancerIngress, "The ways in.").atomic(),
});
export interface LoadBalancerStatus extends ObjectOf<typeof LoadBalancerStatus> {}

export const ServiceStatus = object("ServiceStatus", "What was last seen of a service.", {
  loadBalancer: LoadBalancerStatus(1, "The load balancer, if there is one.").always(),
  conditions: list(2, Condition, "The aspects of the service's state.").key("type").patch("merge", "type"),
});
export interface ServiceStatus extends ObjectOf<typeof ServiceStatus> {}

function portText({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}
function externalIP(spec: ServiceSpec, status: ServiceStatus): string {
  switch (spec.type) {
    case "ClusterIP":
    case "NodePort":
      return (spec.externalIPs ?? []).join(",") || "<none>";
    case "LoadBalancer": {
      const ingress = (status.loadBalancer.ingress ?? []).map(i => i.ip || i.hostname || "").filter(a => a !== "");
      return (
        [...new Set(ingress)]
          .sort()
          .concat(spec.externalIPs ?? [])
          .join(",") || "<pending>"
      );
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

export const Service = kind(
  {
    group: "",
    version: "v1",
    kind: "Service",
    plural: "services",
    namespaced: true,
    doc: "A lasting address for pods that come and go.",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: ServiceSpec(2, "How it is reached, and what is behind it.").always(),
      status: ServiceStatus(3, "What was last seen of it.").always(),
    },
  },
  {
    short: ["svc"],
    categories: ["all"],
    subresources: {
      status: true,
      others: { proxy: { kind: "ServiceProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] } },
    },
    storedAt: "services/specs",
    createOnUpdate: true,
    deleteReturnsObject: true,
    selectable: { "spec.clusterIP": s => s.spec.clusterIP ?? "", "spec.type": s => s.spec.type ?? "" },
    rules: {
      defaults: service => defaultService(service),
      prepareCreate: ({ spec }) => prepareServiceCreate(spec),
      prepareUpdate: ({ spec }, old) => prepareServiceUpdate(spec, old.spec),
      nameProblem: name => dns1035LabelProblems(name)[0],
      validate: ({ spec }, report) => validateService(spec, report),
      validateUpdate: ({ spec }, old, report) => validateServiceUpdate(spec, old.spec, report),
      validateStatusUpdate: ({ spec, status }, _, report) => validateServiceStatus(status.loadBalancer, spec, report),
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Type", type: "string", doc: "How the service is reached.", cell: s => s.spec.type ?? "" },
      { name: "Cluster-IP", type: "string", doc: "The address inside the cluster.", cell: s => s.spec.clusterIPs?.[0] ?? "<none>" },
      { name: "External-IP", type: "string", doc: "Addresses or the name outside the cluster.", cell: s => externalIP(s.spec, s.status) },
      {
        name: "Port(s)",
        type: "string",
        doc: "Ports, each with its node port and protocol.",
        cell: s => (s.spec.ports ?? []).map(portText).join(",") || "<none>",
      },
      AGE,
      { name: "Selector", type: "string", wide: true, doc: "The labels of the pods behind it.", cell: s => labelsText(s.spec.selector) },
    ],
  },
);
export interface Service extends ObjectOf<typeof Service> {}
