import { ResourceRequirements } from "#kinds/core/v1/container.ts";
import { SIGNALS } from "#kinds/core/v1/probe.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodCondition = object("PodCondition", "", {
  type: string(1, "").required().always(),
  observedGeneration: int64(7, ""),
  status: string(2, "").required().always(),
  lastProbeTime: time(3, ""),
  lastTransitionTime: time(4, ""),
  reason: string(5, ""),
  message: string(6, ""),
});
export interface PodCondition extends ObjectOf<typeof PodCondition> {}

export const HostIP = object("HostIP", "", {
  ip: string(1, "").required().always(),
});
export interface HostIP extends ObjectOf<typeof HostIP> {}

export const PodIP = object("PodIP", "", {
  ip: string(1, "").required().always(),
});
export interface PodIP extends ObjectOf<typeof PodIP> {}

export const ContainerStateWaiting = object("ContainerStateWaiting", "", {
  reason: string(1, ""),
  message: string(2, ""),
});
export interface ContainerStateWaiting extends ObjectOf<typeof ContainerStateWaiting> {}

export const ContainerStateRunning = object("ContainerStateRunning", "", {
  startedAt: time(1, ""),
});
export interface ContainerStateRunning extends ObjectOf<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = object("ContainerStateTerminated", "", {
  exitCode: int32(1, "").required().always(),
  signal: int32(2, ""),
  reason: string(3, ""),
  message: string(4, ""),
  startedAt: time(5, ""),
  finishedAt: time(6, ""),
  containerID: string(7, ""),
});
export interface ContainerStateTerminated extends ObjectOf<typeof ContainerStateTerminated> {}

export const ContainerState = object("ContainerState", "", {
  waiting: ContainerStateWaiting(1, ""),
  running: ContainerStateRunning(2, ""),
  terminated: ContainerStateTerminated(3, ""),
});
export interface ContainerState extends ObjectOf<typeof ContainerState> {}

export const ImageVolumeStatus = object("ImageVolumeStatus", "", {
  imageRef: string(1, "").required(),
});
export interface ImageVolumeStatus extends ObjectOf<typeof ImageVolumeStatus> {}

export const VolumeStatus = object("VolumeStatus", "", {
  image: ImageVolumeStatus(1, ""),
});
export interface VolumeStatus extends ObjectOf<typeof VolumeStatus> {}

export const VolumeMountStatus = object("VolumeMountStatus", "", {
  name: string(1, "").required().always(),
  mountPath: string(2, "").required().always(),
  readOnly: bool(3, ""),
  recursiveReadOnly: string(4, ""),
  volumeStatus: VolumeStatus(5, ""),
});
export interface VolumeMountStatus extends ObjectOf<typeof VolumeMountStatus> {}

export const LinuxContainerUser = object("LinuxContainerUser", "", {
  uid: int64(1, "").required().always(),
  gid: int64(2, "").required().always(),
  supplementalGroups: list(3, int64, "").atomic(),
});
export interface LinuxContainerUser extends ObjectOf<typeof LinuxContainerUser> {}

export const ContainerUser = object("ContainerUser", "", {
  linux: LinuxContainerUser(1, ""),
});
export interface ContainerUser extends ObjectOf<typeof ContainerUser> {}

export const ResourceHealth = object("ResourceHealth", "", {
  resourceID: string(1, "").required().always(),
  health: string(2, ""),
  message: string(6, ""),
});
export interface ResourceHealth extends ObjectOf<typeof ResourceHealth> {}

export const ResourceStatus = object("ResourceStatus", "", {
  name: string(1, "").required().always(),
  resources: list(2, ResourceHealth, "").key("resourceID"),
});
export interface ResourceStatus extends ObjectOf<typeof ResourceStatus> {}

export const ContainerStatus = object("ContainerStatus", "", {
  name: string(1, "").required().always(),
  state: ContainerState(2, "").always(),
  lastState: ContainerState(3, "").always(),
  ready: bool(4, "").required().always(),
  restartCount: int32(5, "").required().always(),
  image: string(6, "").required().always(),
  imageID: string(7, "").required().always(),
  containerID: string(8, ""),
  started: bool(9, ""),
  allocatedResources: map(10, quantity, ""),
  resources: ResourceRequirements(11, ""),
  volumeMounts: list(12, VolumeMountStatus, "").key("mountPath").patch("merge", "mountPath"),
  user: ContainerUser(13, ""),
  allocatedResourcesStatus: list(14, ResourceStatus, "").key("name").patch("merge", "name"),
  stopSignal: string(15, "").oneOf(...SIGNALS),
});
export interface ContainerStatus extends ObjectOf<typeof ContainerStatus> {}

export const PodResourceClaimStatus = object("PodResourceClaimStatus", "", {
  name: string(1, "").required().always(),
  resourceClaimName: string(2, ""),
});
export interface PodResourceClaimStatus extends ObjectOf<typeof PodResourceClaimStatus> {}

export const ContainerExtendedResourceRequest = object("ContainerExtendedResourceRequest", "", {
  containerName: string(1, "").required().always(),
  resourceName: string(2, "").required().always(),
  requestName: string(3, "").required().always(),
});
export interface ContainerExtendedResourceRequest extends ObjectOf<typeof ContainerExtendedResourceRequest> {}

export const PodExtendedResourceClaimStatus = object("PodExtendedResourceClaimStatus", "", {
  requestMappings: list(1, ContainerExtendedResourceRequest, "").required().always().atomic(),
  resourceClaimName: string(2, "").required().always(),
});
export interface PodExtendedResourceClaimStatus extends ObjectOf<typeof PodExtendedResourceClaimStatus> {}

export const NodeAllocatableResourceClaimStatus = object("NodeAllocatableResourceClaimStatus", "", {
  resourceClaimName: string(1, "").required().always(),
  containers: list(2, string, "").set(),
  resources: map(3, quantity, "").required().always(),
});
export interface NodeAllocatableResourceClaimStatus extends ObjectOf<typeof NodeAllocatableResourceClaimStatus> {}

export const PodStatus = object("PodStatus", "", {
  observedGeneration: int64(17, ""),
  phase: string(1, "").oneOf("Failed", "Pending", "Running", "Succeeded", "Unknown"),
  conditions: list(2, PodCondition, "").key("type").patch("merge", "type"),
  message: string(3, ""),
  reason: string(4, ""),
  nominatedNodeName: string(11, ""),
  hostIP: string(5, ""),
  hostIPs: list(16, HostIP, "").atomic().patch("merge", "ip"),
  podIP: string(6, ""),
  podIPs: list(12, PodIP, "").key("ip").patch("merge", "ip"),
  startTime: time(7, ""),
  initContainerStatuses: list(10, ContainerStatus, "").atomic(),
  containerStatuses: list(8, ContainerStatus, "").atomic(),
  qosClass: string(9, "").oneOf("BestEffort", "Burstable", "Guaranteed"),
  ephemeralContainerStatuses: list(13, ContainerStatus, "").atomic(),
  resize: string(14, ""),
  resourceClaimStatuses: list(15, PodResourceClaimStatus, "").key("name").patch("merge,retainKeys", "name"),
  extendedResourceClaimStatus: PodExtendedResourceClaimStatus(18, ""),
  allocatedResources: map(19, quantity, ""),
  resources: ResourceRequirements(20, ""),
  nodeAllocatableResourceClaimStatuses: list(21, NodeAllocatableResourceClaimStatus, "").atomic(),
});
export interface PodStatus extends ObjectOf<typeof PodStatus> {}
