import { Affinity, Toleration, TopologySpreadConstraint } from "#kinds/core/v1/affinity.ts";
import { Container, EphemeralContainer, ResourceRequirements } from "#kinds/core/v1/container.ts";
import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { PodSecurityContext } from "#kinds/core/v1/securitycontext.ts";
import { Volume } from "#kinds/core/v1/volume.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const HostAlias = object("HostAlias", "", {
  ip: string(1, "").required().always(),
  hostnames: list(2, string, "").atomic(),
});
export interface HostAlias extends ObjectOf<typeof HostAlias> {}

export const PodDNSConfigOption = object("PodDNSConfigOption", "", {
  name: string(1, ""),
  value: string(2, ""),
});
export interface PodDNSConfigOption extends ObjectOf<typeof PodDNSConfigOption> {}

export const PodDNSConfig = object("PodDNSConfig", "", {
  nameservers: list(1, string, "").atomic(),
  searches: list(2, string, "").atomic(),
  options: list(3, PodDNSConfigOption, "").atomic(),
});
export interface PodDNSConfig extends ObjectOf<typeof PodDNSConfig> {}

export const PodReadinessGate = object("PodReadinessGate", "", {
  conditionType: string(1, "").required().always(),
});
export interface PodReadinessGate extends ObjectOf<typeof PodReadinessGate> {}

export const PodOS = object("PodOS", "", {
  name: string(1, "").required().always(),
});
export interface PodOS extends ObjectOf<typeof PodOS> {}

export const PodSchedulingGate = object("PodSchedulingGate", "", {
  name: string(1, "").required().always(),
});
export interface PodSchedulingGate extends ObjectOf<typeof PodSchedulingGate> {}

export const PodResourceClaim = object("PodResourceClaim", "", {
  name: string(1, "").required().always(),
  resourceClaimName: string(3, ""),
  resourceClaimTemplateName: string(4, ""),
});
export interface PodResourceClaim extends ObjectOf<typeof PodResourceClaim> {}

export const PodSchedulingGroup = object("PodSchedulingGroup", "", {
  podGroupName: string(1, ""),
});
export interface PodSchedulingGroup extends ObjectOf<typeof PodSchedulingGroup> {}

export const PodSpec = object("PodSpec", "", {
  volumes: list(1, Volume, "").key("name").patch("merge,retainKeys", "name"),
  initContainers: list(20, Container, "").key("name").patch("merge", "name"),
  containers: list(2, Container, "").required().always().key("name").patch("merge", "name"),
  ephemeralContainers: list(34, EphemeralContainer, "").key("name").patch("merge", "name"),
  restartPolicy: string(3, "").oneOf("Always", "Never", "OnFailure"),
  terminationGracePeriodSeconds: int64(4, ""),
  activeDeadlineSeconds: int64(5, ""),
  dnsPolicy: string(6, "").oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
  nodeSelector: map(7, string, "").atomic(),
  serviceAccountName: string(8, ""),
  serviceAccount: string(9, ""),
  automountServiceAccountToken: bool(21, ""),
  nodeName: string(10, ""),
  hostNetwork: bool(11, ""),
  hostPID: bool(12, ""),
  hostIPC: bool(13, ""),
  shareProcessNamespace: bool(27, ""),
  securityContext: PodSecurityContext(14, ""),
  imagePullSecrets: list(15, LocalObjectReference, "").key("name").patch("merge", "name"),
  hostname: string(16, ""),
  subdomain: string(17, ""),
  affinity: Affinity(18, ""),
  schedulerName: string(19, ""),
  tolerations: list(22, Toleration, "").atomic(),
  hostAliases: list(23, HostAlias, "").key("ip").patch("merge", "ip"),
  priorityClassName: string(24, ""),
  priority: int32(25, ""),
  dnsConfig: PodDNSConfig(26, ""),
  readinessGates: list(28, PodReadinessGate, "").atomic(),
  runtimeClassName: string(29, ""),
  enableServiceLinks: bool(30, ""),
  preemptionPolicy: string(31, "").oneOf("Never", "PreemptLowerPriority"),
  overhead: map(32, quantity, ""),
  topologySpreadConstraints: list(33, TopologySpreadConstraint, "").key("topologyKey", "whenUnsatisfiable").patch("merge", "topologyKey"),
  setHostnameAsFQDN: bool(35, ""),
  os: PodOS(36, ""),
  hostUsers: bool(37, ""),
  schedulingGates: list(38, PodSchedulingGate, "").key("name").patch("merge", "name"),
  resourceClaims: list(39, PodResourceClaim, "").key("name").patch("merge,retainKeys", "name"),
  resources: ResourceRequirements(40, ""),
  hostnameOverride: string(41, ""),
  schedulingGroup: PodSchedulingGroup(43, ""),
});
export interface PodSpec extends ObjectOf<typeof PodSpec> {}
