import { Lifecycle, Probe } from "#kinds/core/v1/probe.ts";
import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { SecurityContext } from "#kinds/core/v1/securitycontext.ts";
import {
  ConfigMapKeySelector,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
  SecretKeySelector,
} from "#kinds/core/v1/selectors.ts";
import { bool, embed, int32, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const ContainerPort = object("ContainerPort", "A port on which a container listens.", {
  name: string(1, "A name that services and probes can use; unique within the pod."),
  hostPort: int32(2, "The port of the node that leads here."),
  containerPort: int32(3, "The port's number at the pod's address.").required().always(),
  protocol: string(4, "TCP, UDP or SCTP.").default("TCP").oneOf("SCTP", "TCP", "UDP"),
  hostIP: string(5, "The node's address on which hostPort is open; all if absent."),
});
export interface ContainerPort extends ObjectOf<typeof ContainerPort> {}

export const ConfigMapEnvSource = object(
  "ConfigMapEnvSource",
  "All keys of a config map as variables.",
  {
    optional: bool(2, "Whether the container starts without the config map."),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapEnvSource extends ObjectOf<typeof ConfigMapEnvSource> {}

export const SecretEnvSource = object(
  "SecretEnvSource",
  "All keys of a secret as variables.",
  {
    optional: bool(2, "Whether the container starts without the secret."),
  },
  embed(1, LocalObjectReference),
);
export interface SecretEnvSource extends ObjectOf<typeof SecretEnvSource> {}

export const EnvFromSource = object("EnvFromSource", "A set of variables out of one object.", {
  prefix: string(1, "Text that is put before every key."),
  configMapRef: ConfigMapEnvSource(2, "The config map to take them from."),
  secretRef: SecretEnvSource(3, "The secret to take them from."),
});
export interface EnvFromSource extends ObjectOf<typeof EnvFromSource> {}

export const EnvVarSource = object("EnvVarSource", "Where one variable's value comes from: exactly one of these.", {
  fieldRef: ObjectFieldSelector(1, "A field of the pod, such as metadata.name, status.podIP or a label."),
  resourceFieldRef: ResourceFieldSelector(2, "A request or limit of a container."),
  configMapKeyRef: ConfigMapKeySelector(3, "A key of a config map in the pod's namespace."),
  secretKeyRef: SecretKeySelector(4, "A key of a secret in the pod's namespace."),
  fileKeyRef: FileKeySelector(5, "A key in a file on an emptyDir volume, written by an init container."),
});
export interface EnvVarSource extends ObjectOf<typeof EnvVarSource> {}

export const EnvVar = object("EnvVar", "A variable in a container's environment.", {
  name: string(1, "The variable's name: printable ASCII except '='.").required().always(),
  value: string(2, "The value; $(NAME) stands for an earlier variable, $$ for a dollar sign."),
  valueFrom: EnvVarSource(3, "Where the value comes from, if it is not given here."),
});
export interface EnvVar extends ObjectOf<typeof EnvVar> {}

export const ResourceClaim = object("ResourceClaim", "A device claim of the pod that the container uses.", {
  name: string(1, "The name in the pod's resourceClaims.").required().always(),
  request: string(2, "One request of the claim; all if absent."),
});
export interface ResourceClaim extends ObjectOf<typeof ResourceClaim> {}

export const ResourceRequirements = object("ResourceRequirements", "How much is reserved for a container, and how much it may use.", {
  limits: map(1, quantity, "The most that may be used."),
  requests: map(2, quantity, "What is reserved on the node; the limits unless stated."),
  claims: list(3, ResourceClaim, "Device claims that are used.").key("name"),
});
export interface ResourceRequirements extends ObjectOf<typeof ResourceRequirements> {}

export const ContainerResizePolicy = object(
  "ContainerResizePolicy",
  "Whether a container must be started anew when a resource is resized.",
  {
    resourceName: string(1, "The resource: cpu or memory.").required().always(),
    restartPolicy: string(2, "NotRequired or RestartContainer.").required().always(),
  },
);
export interface ContainerResizePolicy extends ObjectOf<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = object("ContainerRestartRuleOnExitCodes", "A set of exit codes.", {
  operator: string(1, "In: the code is among the values; NotIn: it is not.").required(),
  values: list(2, int32, "The codes; at most 255.").set(),
});
export interface ContainerRestartRuleOnExitCodes extends ObjectOf<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = object("ContainerRestartRule", "What happens when a container ends in a certain way.", {
  action: string(1, "Restart starts the container anew, RestartAllContainers all of the pod's.").required(),
  exitCodes: ContainerRestartRuleOnExitCodes(2, "The exit codes for which the rule holds."),
});
export interface ContainerRestartRule extends ObjectOf<typeof ContainerRestartRule> {}

export const VolumeMount = object("VolumeMount", "Where a container sees a volume.", {
  name: string(1, "The volume's name in the pod.").required().always(),
  readOnly: bool(2, "Whether the container can only read."),
  recursiveReadOnly: string(7, "Whether mounts beneath are read-only too: Disabled, IfPossible or Enabled."),
  mountPath: string(3, "The path in the container; it must not contain ':'.").required().always(),
  subPath: string(4, "The path within the volume that is mounted; its root if absent."),
  mountPropagation: string(5, "How mounts travel between host and container: None, HostToContainer or Bidirectional.").oneOf(
    "Bidirectional",
    "HostToContainer",
    "None",
  ),
  subPathExpr: string(6, "Like subPath, with $(NAME) replaced by the container's variables."),
});
export interface VolumeMount extends ObjectOf<typeof VolumeMount> {}

export const VolumeDevice = object("VolumeDevice", "Where a container sees a volume as a raw block device.", {
  name: string(1, "The name of a claim among the pod's volumes.").required().always(),
  devicePath: string(2, "The path of the device in the container.").required().always(),
});
export interface VolumeDevice extends ObjectOf<typeof VolumeDevice> {}

export const Container = object("Container", "One program of a pod, with its image and surroundings.", {
  name: string(1, "The container's name, unique in the pod; it never changes.").required().always(),
  image: string(2, "The image to run."),
  command: list(3, string, "The program, instead of the image's entry point; $(NAME) stands for a variable.").atomic(),
  args: list(4, string, "The arguments, instead of the image's; $(NAME) stands for a variable.").atomic(),
  workingDir: string(5, "The directory to start in; the image's unless stated."),
  ports: list(6, ContainerPort, "The ports on which it listens. Others are open as well; this list is for readers, names and host ports.")
    .key("containerPort", "protocol")
    .patch("merge", "containerPort"),
  envFrom: list(19, EnvFromSource, "Objects all of whose keys become variables; a variable in env goes before them.").atomic(),
  env: list(7, EnvVar, "Variables of the environment.").key("name").patch("merge", "name"),
  resources: ResourceRequirements(8, "What is reserved, and what may be used.").always(),
  resizePolicy: list(23, ContainerResizePolicy, "What a change of resources asks for.").atomic(),
  restartPolicy: string(24, "When the container is started anew; Always on an init container makes it a sidecar."),
  restartPolicyRules: list(25, ContainerRestartRule, "Exceptions from restartPolicy by exit code, tried in order.").atomic(),
  volumeMounts: list(9, VolumeMount, "Where volumes appear in the file system.").key("mountPath").patch("merge", "mountPath"),
  volumeDevices: list(21, VolumeDevice, "Where volumes appear as block devices.").key("devicePath").patch("merge", "devicePath"),
  livenessProbe: Probe(10, "Tells whether the container lives; it is started anew when the probe fails."),
  readinessProbe: Probe(11, "Tells whether the container can serve; services leave the pod out while the probe fails."),
  startupProbe: Probe(22, "Tells whether the container has started; the other probes wait for it."),
  lifecycle: Lifecycle(12, "What is done after the start and before the end."),
  terminationMessagePath: string(13, "The file in which the container may leave its last words; /dev/termination-log unless stated."),
  terminationMessagePolicy: string(
    20,
    "File reads that file; FallbackToLogsOnError takes the end of the log if the file is empty and the container failed.",
  ).oneOf("FallbackToLogsOnError", "File"),
  imagePullPolicy: string(14, "Always, IfNotPresent or Never; Always if the tag is latest, else IfNotPresent.").oneOf(
    "Always",
    "IfNotPresent",
    "Never",
  ),
  securityContext: SecurityContext(15, "Rights of the container; goes before what the pod states."),
  stdin: bool(16, "Whether standard input is kept open."),
  stdinOnce: bool(17, "Whether standard input is closed when the first client that attached goes away."),
  tty: bool(18, "Whether the container gets a terminal; asks for stdin."),
});
export interface Container extends ObjectOf<typeof Container> {}

export const EphemeralContainerCommon = object("EphemeralContainerCommon", "What an ephemeral container shares with others.", {
  name: string(1, "The container's name, unique in the pod; it never changes.").required().always(),
  image: string(2, "The image to run."),
  command: list(3, string, "The program, instead of the image's entry point; $(NAME) stands for a variable.").atomic(),
  args: list(4, string, "The arguments, instead of the image's; $(NAME) stands for a variable.").atomic(),
  workingDir: string(5, "The directory to start in; the image's unless stated."),
  ports: list(6, ContainerPort, "Not allowed here.").key("containerPort", "protocol").patch("merge", "containerPort"),
  envFrom: list(19, EnvFromSource, "Objects all of whose keys become variables; a variable in env goes before them.").atomic(),
  env: list(7, EnvVar, "Variables of the environment.").key("name").patch("merge", "name"),
  resources: ResourceRequirements(8, "Not allowed here: an ephemeral container uses what the pod has left.").always(),
  resizePolicy: list(23, ContainerResizePolicy, "Not allowed here.").atomic(),
  restartPolicy: string(24, "Not allowed here: an ephemeral container is never started anew."),
  restartPolicyRules: list(25, ContainerRestartRule, "Not allowed here.").atomic(),
  volumeMounts: list(9, VolumeMount, "Where volumes appear in the file system; without sub-paths.")
    .key("mountPath")
    .patch("merge", "mountPath"),
  volumeDevices: list(21, VolumeDevice, "Where volumes appear as block devices.").key("devicePath").patch("merge", "devicePath"),
  livenessProbe: Probe(10, "Not allowed here."),
  readinessProbe: Probe(11, "Not allowed here."),
  startupProbe: Probe(22, "Not allowed here."),
  lifecycle: Lifecycle(12, "Not allowed here."),
  terminationMessagePath: string(13, "The file in which the container may leave its last words; /dev/termination-log unless stated."),
  terminationMessagePolicy: string(
    20,
    "File reads that file; FallbackToLogsOnError takes the end of the log if the file is empty and the container failed.",
  ).oneOf("FallbackToLogsOnError", "File"),
  imagePullPolicy: string(14, "Always, IfNotPresent or Never; Always if the tag is latest, else IfNotPresent.").oneOf(
    "Always",
    "IfNotPresent",
    "Never",
  ),
  securityContext: SecurityContext(15, "Rights of the container; goes before what the pod states."),
  stdin: bool(16, "Whether standard input is kept open."),
  stdinOnce: bool(17, "Whether standard input is closed when the first client that attached goes away."),
  tty: bool(18, "Whether the container gets a terminal; asks for stdin."),
});
export interface EphemeralContainerCommon extends ObjectOf<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = object(
  "EphemeralContainer",
  "A container that is added to a running pod in order to look into it.",
  {
    targetContainerName: string(2, "The container whose processes it sees; the pod's own setting decides if absent."),
  },
  embed(1, EphemeralContainerCommon),
);
export interface EphemeralContainer extends ObjectOf<typeof EphemeralContainer> {}
