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
  { short: ["svc"], categories: ["all"], subresources: { status: true }, storedAt: "services/specs", deleteReturnsObject: true },
);
export interface Service extends ObjectOf<typeof Service> {}
