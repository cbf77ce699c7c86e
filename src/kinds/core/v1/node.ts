import { AGE, NAME } from "#kinds/columns.ts";
import { Taint } from "#kinds/core/v1/affinity.ts";
import { validateNode, validateNodeStatus, validateNodeUpdate } from "#kinds/core/v1/nodevalidation.ts";
import { roundUp } from "#kinds/core/v1/resourcelist.ts";
import { kind } from "#kinds/kind.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ConfigMapNodeConfigSource = object("ConfigMapNodeConfigSource", "", {
  namespace: string(1, "").required().always(),
  name: string(2, "").required().always(),
  uid: string(3, ""),
  resourceVersion: string(4, ""),
  kubeletConfigKey: string(5, "").required().always(),
});
export interface ConfigMapNodeConfigSource extends ObjectOf<typeof ConfigMapNodeConfigSource> {}

export const NodeConfigSource = object("NodeConfigSource", "", {
  configMap: ConfigMapNodeConfigSource(2, ""),
});
export interface NodeConfigSource extends ObjectOf<typeof NodeConfigSource> {}

export const NodeSpec = object("NodeSpec", "", {
  podCIDR: string(1, ""),
  podCIDRs: list(7, string, "").set().patch("merge"),
  providerID: string(3, ""),
  unschedulable: bool(4, ""),
  taints: list(5, Taint, "").atomic(),
  configSource: NodeConfigSource(6, ""),
  externalID: string(2, ""),
});
export interface NodeSpec extends ObjectOf<typeof NodeSpec> {}

export const NodeCondition = object("NodeCondition", "", {
  type: string(1, "").required().always(),
  status: string(2, "").required().always(),
  lastHeartbeatTime: time(3, ""),
  lastTransitionTime: time(4, ""),
  reason: string(5, ""),
  message: string(6, ""),
});
export interface NodeCondition extends ObjectOf<typeof NodeCondition> {}

export const NodeAddress = object("NodeAddress", "", {
  type: string(1, "").required().always(),
  address: string(2, "").required().always(),
});
export interface NodeAddress extends ObjectOf<typeof NodeAddress> {}

export const DaemonEndpoint = object("DaemonEndpoint", "", {
  Port: int32(1, "").required().always(),
});
export interface DaemonEndpoint extends ObjectOf<typeof DaemonEndpoint> {}

export const NodeDaemonEndpoints = object("NodeDaemonEndpoints", "", {
  kubeletEndpoint: DaemonEndpoint(1, "").always(),
});
export interface NodeDaemonEndpoints extends ObjectOf<typeof NodeDaemonEndpoints> {}

export const NodeSwapStatus = object("NodeSwapStatus", "", {
  capacity: int64(1, ""),
});
export interface NodeSwapStatus extends ObjectOf<typeof NodeSwapStatus> {}

export const NodeSystemInfo = object("NodeSystemInfo", "", {
  machineID: string(1, "").required().always(),
  systemUUID: string(2, "").required().always(),
  bootID: string(3, "").required().always(),
  kernelVersion: string(4, "").required().always(),
  osImage: string(5, "").required().always(),
  containerRuntimeVersion: string(6, "").required().always(),
  kubeletVersion: string(7, "").required().always(),
  kubeProxyVersion: string(8, "").required().always(),
  operatingSystem: string(9, "").required().always(),
  architecture: string(10, "").required().always(),
  swap: NodeSwapStatus(11, ""),
});
export interface NodeSystemInfo extends ObjectOf<typeof NodeSystemInfo> {}

export const ContainerImage = object("ContainerImage", "", {
  names: list(1, string, "").always().atomic(),
  sizeBytes: int64(2, ""),
});
export interface ContainerImage extends ObjectOf<typeof ContainerImage> {}

export const AttachedVolume = object("AttachedVolume", "", {
  name: string(1, "").required().always(),
  devicePath: string(2, "").required().always(),
});
export interface AttachedVolume extends ObjectOf<typeof AttachedVolume> {}

export const NodeConfigStatus = object("NodeConfigStatus", "", {
  assigned: NodeConfigSource(1, ""),
  active: NodeConfigSource(2, ""),
  lastKnownGood: NodeConfigSource(3, ""),
  error: string(4, ""),
});
export interface NodeConfigStatus extends ObjectOf<typeof NodeConfigStatus> {}

export const NodeRuntimeHandlerFeatures = object("NodeRuntimeHandlerFeatures", "", {
  recursiveReadOnlyMounts: bool(1, ""),
  userNamespaces: bool(2, ""),
});
export interface NodeRuntimeHandlerFeatures extends ObjectOf<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = object("NodeRuntimeHandler", "", {
  name: string(1, "").always(),
  features: NodeRuntimeHandlerFeatures(2, ""),
});
export interface NodeRuntimeHandler extends ObjectOf<typeof NodeRuntimeHandler> {}

export const NodeFeatures = object("NodeFeatures", "", {
  supplementalGroupsPolicy: bool(1, ""),
});
export interface NodeFeatures extends ObjectOf<typeof NodeFeatures> {}

export const NodeStatus = object("NodeStatus", "", {
  capacity: map(1, quantity, ""),
  allocatable: map(2, quantity, ""),
  phase: string(3, "").oneOf("Pending", "Running", "Terminated"),
  conditions: list(4, NodeCondition, "").key("type").patch("merge", "type"),
  addresses: list(5, NodeAddress, "").key("type").patch("merge", "type"),
  daemonEndpoints: NodeDaemonEndpoints(6, "").always(),
  nodeInfo: NodeSystemInfo(7, "").always(),
  images: list(8, ContainerImage, "").atomic(),
  volumesInUse: list(9, string, "").atomic(),
  volumesAttached: list(10, AttachedVolume, "").atomic(),
  config: NodeConfigStatus(11, ""),
  runtimeHandlers: list(12, NodeRuntimeHandler, "").atomic(),
  features: NodeFeatures(13, ""),
  declaredFeatures: list(14, string, "").atomic(),
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
    doc: "",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: NodeSpec(2, "").always(),
      status: NodeStatus(3, "").always(),
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
