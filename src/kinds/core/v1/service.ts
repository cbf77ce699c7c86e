import { dns1035LabelProblems } from "#base/names.ts";
import { AGE, labelsText, NAME } from "#kinds/columns.ts";
import { defaultService, prepareServiceCreate, prepareServiceUpdate } from "#kinds/core/v1/servicefields.ts";
import { validateService, validateServiceStatus, validateServiceUpdate } from "#kinds/core/v1/servicevalidation.ts";
import { kind } from "#kinds/kind.ts";
import { Condition } from "#kinds/meta/v1/condition.ts";
import { bool, int32, intOrString, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ServicePort = object("ServicePort", "", {
  name: string(1, ""),
  protocol: string(2, "").default("TCP").oneOf("SCTP", "TCP", "UDP"),
  appProtocol: string(6, ""),
  port: int32(3, "").required().always(),
  targetPort: intOrString(4, ""),
  nodePort: int32(5, ""),
});
export interface ServicePort extends ObjectOf<typeof ServicePort> {}

export const ClientIPConfig = object("ClientIPConfig", "", {
  timeoutSeconds: int32(1, ""),
});
export interface ClientIPConfig extends ObjectOf<typeof ClientIPConfig> {}

export const SessionAffinityConfig = object("SessionAffinityConfig", "", {
  clientIP: ClientIPConfig(1, ""),
});
export interface SessionAffinityConfig extends ObjectOf<typeof SessionAffinityConfig> {}

export const ServiceSpec = object("ServiceSpec", "", {
  ports: list(1, ServicePort, "").key("port", "protocol").patch("merge", "port"),
  selector: map(2, string, "").atomic(),
  clusterIP: string(3, ""),
  clusterIPs: list(18, string, "").atomic(),
  type: string(4, "").oneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
  externalIPs: list(5, string, "").atomic(),
  sessionAffinity: string(7, "").oneOf("ClientIP", "None"),
  loadBalancerIP: string(8, ""),
  loadBalancerSourceRanges: list(9, string, "").atomic(),
  externalName: string(10, ""),
  externalTrafficPolicy: string(11, "").oneOf("Cluster", "Local"),
  healthCheckNodePort: int32(12, ""),
  publishNotReadyAddresses: bool(13, ""),
  sessionAffinityConfig: SessionAffinityConfig(14, ""),
  ipFamilies: list(19, string, "").oneOf("", "IPv4", "IPv6").atomic(),
  ipFamilyPolicy: string(17, "").oneOf("PreferDualStack", "RequireDualStack", "SingleStack"),
  allocateLoadBalancerNodePorts: bool(20, ""),
  loadBalancerClass: string(21, ""),
  internalTrafficPolicy: string(22, "").oneOf("Cluster", "Local"),
  trafficDistribution: string(23, ""),
});
export interface ServiceSpec extends ObjectOf<typeof ServiceSpec> {}

export const PortStatus = object("PortStatus", "", {
  port: int32(1, "").required().always(),
  protocol: string(2, "").required().always().oneOf("SCTP", "TCP", "UDP"),
  error: string(3, ""),
});
export interface PortStatus extends ObjectOf<typeof PortStatus> {}

export const LoadBalancerIngress = object("LoadBalancerIngress", "", {
  ip: string(1, ""),
  hostname: string(2, ""),
  ipMode: string(3, ""),
  ports: list(4, PortStatus, "").atomic(),
});
export interface LoadBalancerIngress extends ObjectOf<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = object("LoadBalancerStatus", "", {
  ingress: list(1, LoadBalancerIngress, "").atomic(),
});
export interface LoadBalancerStatus extends ObjectOf<typeof LoadBalancerStatus> {}

export const ServiceStatus = object("ServiceStatus", "", {
  loadBalancer: LoadBalancerStatus(1, "").always(),
  conditions: list(2, Condition, "").key("type").patch("merge", "type"),
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
    doc: "",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: ServiceSpec(2, "").always(),
      status: ServiceStatus(3, "").always(),
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
