import { AGE, NAME } from "#kinds/columns.ts";
import { Taint } from "#kinds/core/v1/affinity.ts";
import { validateNode, validateNodeStatus, validateNodeUpdate } from "#kinds/core/v1/nodevalidation.ts";
import { roundUp } from "#kinds/core/v1/resourcelist.ts";
import { kind } from "#kinds/kind.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ConfigMapNodeConfigSource = object("ConfigMapNodeConfigSource", "A config map with settings of a kubelet. No longer used.", {
  namespace: string(1, "The config map's namespace.").required().always(),
  name: string(2, "The config map's name.").required().always(),
  uid: string(3, "The config map's uid."),
  resourceVersion: string(4, "The version of the config map."),
  kubeletConfigKey: string(5, "The key under which the settings stand.").required().always(),
});
export interface ConfigMapNodeConfigSource extends ObjectOf<typeof ConfigMapNodeConfigSource> {}

export const NodeConfigSource = object("NodeConfigSource", "Where a kubelet's settings come from. No longer used.", {
  configMap: ConfigMapNodeConfigSource(2, "A config map."),
});
export interface NodeConfigSource extends ObjectOf<typeof NodeConfigSource> {}

export const NodeSpec = object("NodeSpec", "What is settled about a node.", {
  podCIDR: string(1, "The range of addresses for the node's pods."),
  podCIDRs: list(7, string, "The ranges, at most one of each family; the first is podCIDR.").set().patch("merge"),
  providerID: string(3, "The node's name with the cloud provider."),
  unschedulable: bool(4, "Whether new pods stay away."),
  taints: list(5, Taint, "What pods must tolerate in order to run here.").atomic(),
  configSource: NodeConfigSource(6, "No longer used."),
  externalID: string(2, "No longer used."),
});
export interface NodeSpec extends ObjectOf<typeof NodeSpec> {}

export const NodeCondition = object("NodeCondition", "One aspect of a node's state.", {
  type: string(1, "Which aspect: Ready, MemoryPressure, DiskPressure, PIDPressure or NetworkUnavailable.").required().always(),
  status: string(2, "True, False or Unknown.").required().always(),
  lastHeartbeatTime: time(3, "When the kubelet last reported it."),
  lastTransitionTime: time(4, "When the status last changed."),
  reason: string(5, "Why, in one word for programs."),
  message: string(6, "Why, in a sentence for people."),
});
export interface NodeCondition extends ObjectOf<typeof NodeCondition> {}

export const NodeAddress = object("NodeAddress", "An address of a node.", {
  type: string(1, "What it is: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.").required().always(),
  address: string(2, "The address.").required().always(),
});
export interface NodeAddress extends ObjectOf<typeof NodeAddress> {}

export const DaemonEndpoint = object("DaemonEndpoint", "A port of a daemon.", {
  Port: int32(1, "The port's number.").required().always(),
});
export interface DaemonEndpoint extends ObjectOf<typeof DaemonEndpoint> {}

export const NodeDaemonEndpoints = object("NodeDaemonEndpoints", "Ports of daemons on a node.", {
  kubeletEndpoint: DaemonEndpoint(1, "The port of the kubelet's own API.").always(),
});
export interface NodeDaemonEndpoints extends ObjectOf<typeof NodeDaemonEndpoints> {}

export const NodeSwapStatus = object("NodeSwapStatus", "Swap space of a node.", {
  capacity: int64(1, "How many bytes there are."),
});
export interface NodeSwapStatus extends ObjectOf<typeof NodeSwapStatus> {}

export const NodeSystemInfo = object("NodeSystemInfo", "The machine and its software.", {
  machineID: string(1, "The machine's id, from /etc/machine-id.").required().always(),
  systemUUID: string(2, "The id that the hardware reports.").required().always(),
  bootID: string(3, "An id of the current boot.").required().always(),
  kernelVersion: string(4, "The kernel's version.").required().always(),
  osImage: string(5, "The operating system's name and version.").required().always(),
  containerRuntimeVersion: string(6, "The container runtime and its version, such as containerd://1.7.0.").required().always(),
  kubeletVersion: string(7, "The kubelet's version.").required().always(),
  kubeProxyVersion: string(8, "No longer used.").required().always(),
  operatingSystem: string(9, "The operating system, such as linux.").required().always(),
  architecture: string(10, "The processor's architecture, such as amd64.").required().always(),
  swap: NodeSwapStatus(11, "The swap space."),
});
export interface NodeSystemInfo extends ObjectOf<typeof NodeSystemInfo> {}

export const ContainerImage = object("ContainerImage", "An image on a node.", {
  names: list(1, string, "The names under which it is known.").always().atomic(),
  sizeBytes: int64(2, "Its size."),
});
export interface ContainerImage extends ObjectOf<typeof ContainerImage> {}

export const AttachedVolume = object("AttachedVolume", "A volume that is attached to a node.", {
  name: string(1, "The volume's name.").required().always(),
  devicePath: string(2, "The path of its device on the node.").required().always(),
});
export interface AttachedVolume extends ObjectOf<typeof AttachedVolume> {}

export const NodeConfigStatus = object("NodeConfigStatus", "State of dynamic settings. No longer used.", {
  assigned: NodeConfigSource(1, "The settings that the node should use."),
  active: NodeConfigSource(2, "The settings in use."),
  lastKnownGood: NodeConfigSource(3, "The settings to fall back to."),
  error: string(4, "What is wrong with the assigned ones."),
});
export interface NodeConfigStatus extends ObjectOf<typeof NodeConfigStatus> {}

export const NodeRuntimeHandlerFeatures = object("NodeRuntimeHandlerFeatures", "What a runtime handler can do.", {
  recursiveReadOnlyMounts: bool(1, "Read-only mounts all the way down."),
  userNamespaces: bool(2, "User namespaces."),
});
export interface NodeRuntimeHandlerFeatures extends ObjectOf<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = object("NodeRuntimeHandler", "A way to run containers that the node's runtime offers.", {
  name: string(1, "The handler's name; empty for the default one.").always(),
  features: NodeRuntimeHandlerFeatures(2, "What it can do."),
});
export interface NodeRuntimeHandler extends ObjectOf<typeof NodeRuntimeHandler> {}

export const NodeFeatures = object("NodeFeatures", "What a node's runtime can do, whatever the handler.", {
  supplementalGroupsPolicy: bool(1, "Whether it follows supplementalGroupsPolicy and reports users of containers."),
});
export interface NodeFeatures extends ObjectOf<typeof NodeFeatures> {}

export const NodeStatus = object("NodeStatus", "What the kubelet reports of its node.", {
  capacity: map(1, quantity, "All that the machine has."),
  allocatable: map(2, quantity, "What of it pods can have."),
  phase: string(3, "No longer used.").oneOf("Pending", "Running", "Terminated"),
  conditions: list(4, NodeCondition, "The aspects of the node's state.").key("type").patch("merge", "type"),
  addresses: list(5, NodeAddress, "The addresses at which the node can be reached.").key("type").patch("merge", "type"),
  daemonEndpoints: NodeDaemonEndpoints(6, "Ports of daemons on the node.").always(),
  nodeInfo: NodeSystemInfo(7, "The machine and its software.").always(),
  images: list(8, ContainerImage, "Images on the node, the largest ones.").atomic(),
  volumesInUse: list(9, string, "Attachable volumes that pods use.").atomic(),
  volumesAttached: list(10, AttachedVolume, "Volumes that are attached.").atomic(),
  config: NodeConfigStatus(11, "No longer used."),
  runtimeHandlers: list(12, NodeRuntimeHandler, "The ways to run containers that are offered.").atomic(),
  features: NodeFeatures(13, "What the runtime can do."),
  declaredFeatures: list(14, string, "Features that the kubelet declares, in order of their names.").atomic(),
});
export interface NodeStatus extends ObjectOf<typeof NodeStatus> {}

function defaultNode(spec: NodeSpec, status: NodeStatus): void {
  if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  roundUp(status.capacity);
  roundUp(status.allocatable);
  // podCIDR is the old name of the first of podCIDRs.
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
}
function statusText(spec: NodeSpec, status: NodeStatus): string {
  const ready = (status.conditions ?? []).findLast(c => c.type === "Ready");
  const word = ready ? (ready.status === "True" ? "Ready" : "NotReady") : "Unknown";
  return spec.unschedulable ? `${word},SchedulingDisabled` : word;
}
const ROLE_PREFIX = "node-role.kubernetes.io/";
function rolesText(labels: Readonly<Record<string, string>>): string {
  const roles = Object.keys(labels)
    .filter(k => k.startsWith(ROLE_PREFIX))
    .map(k => k.slice(ROLE_PREFIX.length));
  const all = new Set([...roles, labels["kubernetes.io/role"] ?? ""].filter(r => r !== ""));
  return [...all].sort().join(",") || "<none>";
}
function addressText(status: NodeStatus, type: string): string {
  return (status.addresses ?? []).find(a => a.type === type)?.address ?? "<none>";
}

export const Node = kind(
  {
    group: "",
    version: "v1",
    kind: "Node",
    plural: "nodes",
    namespaced: false,
    doc: "A machine that runs pods.",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: NodeSpec(2, "What is settled about it.").always(),
      status: NodeStatus(3, "What the kubelet reports of it.").always(),
    },
  },
  {
    short: ["no"],
    subresources: {
      status: true,
      others: { proxy: { kind: "NodeProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] } },
    },
    storedAt: "minions",
    selectable: { "spec.unschedulable": n => String(n.spec.unschedulable ?? false) },
    rules: {
      defaults: n => defaultNode(n.spec, n.status),
      validate: validateNode,
      validateUpdate: validateNodeUpdate,
      validateStatusUpdate: (n, _, report) => validateNodeStatus(n, report),
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Status", type: "string", doc: "Whether the node is ready, and open for new pods.", cell: n => statusText(n.spec, n.status) },
      { name: "Roles", type: "string", doc: "The roles that the node's labels name.", cell: n => rolesText(n.metadata.labels ?? {}) },
      AGE,
      { name: "Version", type: "string", doc: "The kubelet's version.", cell: n => n.status.nodeInfo.kubeletVersion ?? "" },
      {
        name: "Internal-IP",
        type: "string",
        wide: true,
        doc: "The address inside the cluster.",
        cell: n => addressText(n.status, "InternalIP"),
      },
      {
        name: "External-IP",
        type: "string",
        wide: true,
        doc: "The address for the world.",
        cell: n => addressText(n.status, "ExternalIP"),
      },
      { name: "OS-Image", type: "string", wide: true, doc: "The operating system.", cell: n => n.status.nodeInfo.osImage || "<unknown>" },
      { name: "Kernel-Version", type: "string", wide: true, doc: "The kernel.", cell: n => n.status.nodeInfo.kernelVersion || "<unknown>" },
      {
        name: "Container-Runtime",
        type: "string",
        wide: true,
        doc: "The container runtime and its version.",
        cell: n => n.status.nodeInfo.containerRuntimeVersion || "<unknown>",
      },
    ],
  },
);
export interface Node extends ObjectOf<typeof Node> {}
