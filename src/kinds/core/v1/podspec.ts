import { Affinity, Toleration, TopologySpreadConstraint } from "#kinds/core/v1/affinity.ts";
import { Container, EphemeralContainer, ResourceRequirements } from "#kinds/core/v1/container.ts";
import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { PodSecurityContext } from "#kinds/core/v1/securitycontext.ts";
import { Volume } from "#kinds/core/v1/volume.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const HostAlias = object("HostAlias", "A line of a pod's hosts file.", {
  ip: string(1, "The address.").required().always(),
  hostnames: list(2, string, "The names that it goes by.").atomic(),
});
export interface HostAlias extends ObjectOf<typeof HostAlias> {}

export const PodDNSConfigOption = object("PodDNSConfigOption", "An option of the resolver.", {
  name: string(1, "The option, such as ndots."),
  value: string(2, "Its value, if it has one."),
});
export interface PodDNSConfigOption extends ObjectOf<typeof PodDNSConfigOption> {}

export const PodDNSConfig = object("PodDNSConfig", "Additions to a pod's resolv.conf.", {
  nameservers: list(1, string, "Name servers beside those of the policy; at most three.").atomic(),
  searches: list(2, string, "Search domains beside those of the policy.").atomic(),
  options: list(3, PodDNSConfigOption, "Options; they go before those of the policy.").atomic(),
});
export interface PodDNSConfig extends ObjectOf<typeof PodDNSConfig> {}

export const PodReadinessGate = object("PodReadinessGate", "A condition that must hold before a pod counts as ready.", {
  conditionType: string(1, "The condition's type in the pod's status.").required().always(),
});
export interface PodReadinessGate extends ObjectOf<typeof PodReadinessGate> {}

export const PodOS = object("PodOS", "The operating system for which a pod is made.", {
  name: string(1, "The system: linux or windows.").required().always(),
});
export interface PodOS extends ObjectOf<typeof PodOS> {}

export const PodSchedulingGate = object("PodSchedulingGate", "Something that holds a pod back from being scheduled.", {
  name: string(1, "The gate's name.").required().always(),
});
export interface PodSchedulingGate extends ObjectOf<typeof PodSchedulingGate> {}

export const PodResourceClaim = object("PodResourceClaim", "A device claim that the pod's containers can use.", {
  name: string(1, "The name by which containers refer to it.").required().always(),
  resourceClaimName: string(3, "A claim that exists in the pod's namespace."),
  resourceClaimTemplateName: string(4, "A template from which a claim is made for this pod."),
});
export interface PodResourceClaim extends ObjectOf<typeof PodResourceClaim> {}

export const PodSchedulingGroup = object("PodSchedulingGroup", "The group of pods that are scheduled together.", {
  podGroupName: string(1, "The group's name, in the pod's namespace."),
});
export interface PodSchedulingGroup extends ObjectOf<typeof PodSchedulingGroup> {}

export const PodSpec = object("PodSpec", "What a pod should run, where and how.", {
  volumes: list(1, Volume, "Volumes that containers can mount.").key("name").patch("merge,retainKeys", "name"),
  initContainers: list(
    20,
    Container,
    "Containers that run one after the other, each to its end, before the others start; sidecars among them go on running.",
  )
    .key("name")
    .patch("merge", "name"),
  containers: list(2, Container, "The pod's containers; at least one.").required().always().key("name").patch("merge", "name"),
  ephemeralContainers: list(
    34,
    EphemeralContainer,
    "Containers for looking into the pod; added by the subresource ephemeralcontainers only.",
  )
    .key("name")
    .patch("merge", "name"),
  restartPolicy: string(3, "When ended containers are started anew: Always, OnFailure or Never; Always unless stated.").oneOf(
    "Always",
    "Never",
    "OnFailure",
  ),
  terminationGracePeriodSeconds: int64(4, "How long containers get to end in an orderly way; 30 unless stated."),
  activeDeadlineSeconds: int64(5, "How long the pod may be active before it is ended and counts as failed."),
  dnsPolicy: string(6, "How names are resolved: ClusterFirst, ClusterFirstWithHostNet, Default (as the node does) or None.").oneOf(
    "ClusterFirst",
    "ClusterFirstWithHostNet",
    "Default",
    "None",
  ),
  nodeSelector: map(7, string, "Labels that the node must have.").atomic(),
  serviceAccountName: string(8, "The account under which the pod's programs speak to the API."),
  serviceAccount: string(9, "The old name of serviceAccountName."),
  automountServiceAccountToken: bool(21, "Whether a token of the service account is mounted; the account's own setting decides if absent."),
  nodeName: string(10, "The node; filled in by the scheduler."),
  hostNetwork: bool(11, "Whether the pod uses the node's network."),
  hostPID: bool(12, "Whether the pod sees the node's processes."),
  hostIPC: bool(13, "Whether the pod shares the node's IPC."),
  shareProcessNamespace: bool(27, "Whether the pod's containers see each other's processes."),
  securityContext: PodSecurityContext(14, "Rights that hold for all containers, and of the volumes."),
  imagePullSecrets: list(15, LocalObjectReference, "Secrets with credentials for pulling images.").key("name").patch("merge", "name"),
  hostname: string(16, "The pod's host name; its name unless stated."),
  subdomain: string(17, "With it, the full name is hostname.subdomain.namespace.svc and the cluster's domain."),
  affinity: Affinity(18, "Rules of attraction for choosing the node."),
  schedulerName: string(19, "The scheduler that is to place the pod."),
  tolerations: list(22, Toleration, "Taints of nodes that the pod bears.").atomic(),
  hostAliases: list(23, HostAlias, "Lines that are added to the hosts file.").key("ip").patch("merge", "ip"),
  priorityClassName: string(24, "The class that the pod's priority comes from."),
  priority: int32(25, "The priority; filled in from the class. A higher one goes first."),
  dnsConfig: PodDNSConfig(26, "Additions to what dnsPolicy gives."),
  readinessGates: list(28, PodReadinessGate, "Further conditions that must hold before the pod counts as ready.").atomic(),
  runtimeClassName: string(29, "The runtime class that decides how containers are run."),
  enableServiceLinks: bool(30, "Whether services of the namespace appear as variables; true unless stated."),
  preemptionPolicy: string(31, "Never, or PreemptLowerPriority to displace pods of lower priority.").oneOf("Never", "PreemptLowerPriority"),
  overhead: map(32, quantity, "What running the pod costs beside its containers; filled in from the runtime class."),
  topologySpreadConstraints: list(33, TopologySpreadConstraint, "How pods are spread over places; all must hold.")
    .key("topologyKey", "whenUnsatisfiable")
    .patch("merge", "topologyKey"),
  setHostnameAsFQDN: bool(35, "Whether the host name is the full name."),
  os: PodOS(36, "The operating system for which the pod is made."),
  hostUsers: bool(37, "Whether the pod uses the node's user ids; false gives it a user namespace of its own."),
  schedulingGates: list(38, PodSchedulingGate, "While there is one, the pod is not scheduled.").key("name").patch("merge", "name"),
  resourceClaims: list(39, PodResourceClaim, "Device claims that containers can use.").key("name").patch("merge,retainKeys", "name"),
  resources: ResourceRequirements(40, "Requests and limits of the pod as a whole."),
  hostnameOverride: string(41, "The host name, whatever hostname and subdomain say."),
  schedulingGroup: PodSchedulingGroup(43, "The group of pods that are scheduled together."),
});
export interface PodSpec extends ObjectOf<typeof PodSpec> {}
