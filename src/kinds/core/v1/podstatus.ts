import { ResourceRequirements } from "#kinds/core/v1/container.ts";
import { SIGNALS } from "#kinds/core/v1/probe.ts";
import { bool, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodCondition = object("PodCondition", "One aspect of a pod's state.", {
  type: string(1, "Which aspect, such as PodScheduled, Initialized, ContainersReady or Ready.").required().always(),
  observedGeneration: int64(7, "The generation of the pod that the condition speaks of."),
  status: string(2, "True, False or Unknown.").required().always(),
  lastProbeTime: time(3, "When it was last looked at."),
  lastTransitionTime: time(4, "When the status last changed."),
  reason: string(5, "Why, in one word for programs."),
  message: string(6, "Why, in a sentence for people."),
});
export interface PodCondition extends ObjectOf<typeof PodCondition> {}

export const HostIP = object("HostIP", "An address of the pod's node.", {
  ip: string(1, "The IP address.").required().always(),
});
export interface HostIP extends ObjectOf<typeof HostIP> {}

export const PodIP = object("PodIP", "An address of a pod.", {
  ip: string(1, "The IP address.").required().always(),
});
export interface PodIP extends ObjectOf<typeof PodIP> {}

export const ContainerStateWaiting = object("ContainerStateWaiting", "A container that does not run yet.", {
  reason: string(1, "What it waits for, in one word, such as ContainerCreating."),
  message: string(2, "What it waits for, in a sentence."),
});
export interface ContainerStateWaiting extends ObjectOf<typeof ContainerStateWaiting> {}

export const ContainerStateRunning = object("ContainerStateRunning", "A container that runs.", {
  startedAt: time(1, "When it was last started."),
});
export interface ContainerStateRunning extends ObjectOf<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = object("ContainerStateTerminated", "A container that has ended.", {
  exitCode: int32(1, "Its exit code.").required().always(),
  signal: int32(2, "The signal that ended it."),
  reason: string(3, "Why it ended, in one word, such as Completed, Error or OOMKilled."),
  message: string(4, "Its last words, or why it ended."),
  startedAt: time(5, "When it was started."),
  finishedAt: time(6, "When it ended."),
  containerID: string(7, "Its id, such as containerd://1234."),
});
export interface ContainerStateTerminated extends ObjectOf<typeof ContainerStateTerminated> {}

export const ContainerState = object("ContainerState", "What a container is doing: one of these; waiting if none is stated.", {
  waiting: ContainerStateWaiting(1, "It does not run yet."),
  running: ContainerStateRunning(2, "It runs."),
  terminated: ContainerStateTerminated(3, "It has ended."),
});
export interface ContainerState extends ObjectOf<typeof ContainerState> {}

export const ImageVolumeStatus = object("ImageVolumeStatus", "The image behind a volume.", {
  imageRef: string(1, "The image by its digest.").required(),
});
export interface ImageVolumeStatus extends ObjectOf<typeof ImageVolumeStatus> {}

export const VolumeStatus = object("VolumeStatus", "What is known of a mounted volume.", {
  image: ImageVolumeStatus(1, "The image, for image volumes."),
});
export interface VolumeStatus extends ObjectOf<typeof VolumeStatus> {}

export const VolumeMountStatus = object("VolumeMountStatus", "How a volume is mounted in a container.", {
  name: string(1, "The volume's name.").required().always(),
  mountPath: string(2, "Where it is mounted.").required().always(),
  readOnly: bool(3, "Whether the container can only read."),
  recursiveReadOnly: string(4, "Whether mounts beneath are read-only: Disabled or Enabled."),
  volumeStatus: VolumeStatus(5, "What is known of the volume."),
});
export interface VolumeMountStatus extends ObjectOf<typeof VolumeMountStatus> {}

export const LinuxContainerUser = object("LinuxContainerUser", "The user of a container's first process on Linux.", {
  uid: int64(1, "The user id.").required().always(),
  gid: int64(2, "The group id.").required().always(),
  supplementalGroups: list(3, int64, "Further group ids.").atomic(),
});
export interface LinuxContainerUser extends ObjectOf<typeof LinuxContainerUser> {}

export const ContainerUser = object("ContainerUser", "The user of a container's first process.", {
  linux: LinuxContainerUser(1, "On Linux."),
});
export interface ContainerUser extends ObjectOf<typeof ContainerUser> {}

export const ResourceHealth = object("ResourceHealth", "The health of one device.", {
  resourceID: string(1, "The device's id.").required().always(),
  health: string(2, "Healthy, Unhealthy or Unknown."),
  message: string(6, "What is the matter with it."),
});
export interface ResourceHealth extends ObjectOf<typeof ResourceHealth> {}

export const ResourceStatus = object("ResourceStatus", "The health of the devices behind one resource.", {
  name: string(1, "The resource, or claim:NAME/REQUEST.").required().always(),
  resources: list(2, ResourceHealth, "The devices.").key("resourceID"),
});
export interface ResourceStatus extends ObjectOf<typeof ResourceStatus> {}

export const ContainerStatus = object("ContainerStatus", "What was last seen of a container.", {
  name: string(1, "The container's name.").required().always(),
  state: ContainerState(2, "What it is doing.").always(),
  lastState: ContainerState(3, "How it last ended, if it was started anew.").always(),
  ready: bool(4, "Whether it can serve: its readiness probe succeeds.").required().always(),
  restartCount: int32(5, "How often it was started anew.").required().always(),
  image: string(6, "The image that runs; its name may differ from the specification's.").required().always(),
  imageID: string(7, "The image's id.").required().always(),
  containerID: string(8, "The container's id, such as containerd://1234."),
  started: bool(9, "Whether its startup probe has succeeded; true for one that runs and has no such probe."),
  allocatedResources: map(10, quantity, "What the node has set aside for it."),
  resources: ResourceRequirements(11, "The requests and limits that are in force."),
  volumeMounts: list(12, VolumeMountStatus, "How volumes are mounted.").key("mountPath").patch("merge", "mountPath"),
  user: ContainerUser(13, "The user of its first process."),
  allocatedResourcesStatus: list(14, ResourceStatus, "The health of its devices.").key("name").patch("merge", "name"),
  stopSignal: string(15, "The signal by which it is asked to stop.").oneOf(...SIGNALS),
});
export interface ContainerStatus extends ObjectOf<typeof ContainerStatus> {}

export const PodResourceClaimStatus = object("PodResourceClaimStatus", "The claim that was made from a template.", {
  name: string(1, "The entry in the pod's resourceClaims.").required().always(),
  resourceClaimName: string(2, "The claim's name; absent if none was needed."),
});
export interface PodResourceClaimStatus extends ObjectOf<typeof PodResourceClaimStatus> {}

export const ContainerExtendedResourceRequest = object(
  "ContainerExtendedResourceRequest",
  "Which request of a claim serves a container's extended resource.",
  {
    containerName: string(1, "The container.").required().always(),
    resourceName: string(2, "The extended resource.").required().always(),
    requestName: string(3, "The request of the claim.").required().always(),
  },
);
export interface ContainerExtendedResourceRequest extends ObjectOf<typeof ContainerExtendedResourceRequest> {}

export const PodExtendedResourceClaimStatus = object(
  "PodExtendedResourceClaimStatus",
  "The claim that serves the pod's extended resources.",
  {
    requestMappings: list(1, ContainerExtendedResourceRequest, "Which request serves which container.").required().always().atomic(),
    resourceClaimName: string(2, "The claim's name.").required().always(),
  },
);
export interface PodExtendedResourceClaimStatus extends ObjectOf<typeof PodExtendedResourceClaimStatus> {}

export const NodeAllocatableResourceClaimStatus = object(
  "NodeAllocatableResourceClaimStatus",
  "Resources of the node that come through a claim.",
  {
    resourceClaimName: string(1, "The claim's name.").required().always(),
    containers: list(2, string, "The containers that use it.").set(),
    resources: map(3, quantity, "How much it takes of the node.").required().always(),
  },
);
export interface NodeAllocatableResourceClaimStatus extends ObjectOf<typeof NodeAllocatableResourceClaimStatus> {}

export const PodStatus = object("PodStatus", "What was last seen of a pod.", {
  observedGeneration: int64(17, "The generation of the pod that this status speaks of."),
  phase: string(1, "Where the pod is in its life: Pending, Running, Succeeded, Failed or Unknown.").oneOf(
    "Failed",
    "Pending",
    "Running",
    "Succeeded",
    "Unknown",
  ),
  conditions: list(2, PodCondition, "The aspects of the pod's state.").key("type").patch("merge", "type"),
  message: string(3, "Why the pod is as it is, in a sentence."),
  reason: string(4, "Why the pod is as it is, in one word, such as Evicted."),
  nominatedNodeName: string(11, "The node on which room is being made for the pod."),
  hostIP: string(5, "The address of the pod's node."),
  hostIPs: list(16, HostIP, "The addresses of the pod's node; the first is hostIP.").atomic().patch("merge", "ip"),
  podIP: string(6, "The pod's address."),
  podIPs: list(12, PodIP, "The pod's addresses, at most one of each family; the first is podIP.").key("ip").patch("merge", "ip"),
  startTime: time(7, "When the kubelet took the pod on."),
  initContainerStatuses: list(10, ContainerStatus, "What was last seen of the init containers.").atomic(),
  containerStatuses: list(8, ContainerStatus, "What was last seen of the containers.").atomic(),
  qosClass: string(9, "The class of service by requests and limits: Guaranteed, Burstable or BestEffort.").oneOf(
    "BestEffort",
    "Burstable",
    "Guaranteed",
  ),
  ephemeralContainerStatuses: list(13, ContainerStatus, "What was last seen of the ephemeral containers.").atomic(),
  resize: string(14, "No longer used; conditions tell of resizing."),
  resourceClaimStatuses: list(15, PodResourceClaimStatus, "Claims that were made from templates.")
    .key("name")
    .patch("merge,retainKeys", "name"),
  extendedResourceClaimStatus: PodExtendedResourceClaimStatus(18, "The claim that serves extended resources."),
  allocatedResources: map(19, quantity, "What the node has set aside for the pod as a whole."),
  resources: ResourceRequirements(20, "Requests and limits of the pod as a whole that are in force."),
  nodeAllocatableResourceClaimStatuses: list(
    21,
    NodeAllocatableResourceClaimStatus,
    "Resources of the node that come through claims.",
  ).atomic(),
});
export interface PodStatus extends ObjectOf<typeof PodStatus> {}
