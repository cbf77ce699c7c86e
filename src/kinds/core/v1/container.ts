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

export const ContainerPort = object("ContainerPort", "", {
  name: string(1, ""),
  hostPort: int32(2, ""),
  containerPort: int32(3, "").required().always(),
  protocol: string(4, "").default("TCP").oneOf("SCTP", "TCP", "UDP"),
  hostIP: string(5, ""),
});
export interface ContainerPort extends ObjectOf<typeof ContainerPort> {}

export const ConfigMapEnvSource = object(
  "ConfigMapEnvSource",
  "",
  {
    optional: bool(2, ""),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapEnvSource extends ObjectOf<typeof ConfigMapEnvSource> {}

export const SecretEnvSource = object(
  "SecretEnvSource",
  "",
  {
    optional: bool(2, ""),
  },
  embed(1, LocalObjectReference),
);
export interface SecretEnvSource extends ObjectOf<typeof SecretEnvSource> {}

export const EnvFromSource = object("EnvFromSource", "", {
  prefix: string(1, ""),
  configMapRef: ConfigMapEnvSource(2, ""),
  secretRef: SecretEnvSource(3, ""),
});
export interface EnvFromSource extends ObjectOf<typeof EnvFromSource> {}

export const EnvVarSource = object("EnvVarSource", "", {
  fieldRef: ObjectFieldSelector(1, ""),
  resourceFieldRef: ResourceFieldSelector(2, ""),
  configMapKeyRef: ConfigMapKeySelector(3, ""),
  secretKeyRef: SecretKeySelector(4, ""),
  fileKeyRef: FileKeySelector(5, ""),
});
export interface EnvVarSource extends ObjectOf<typeof EnvVarSource> {}

export const EnvVar = object("EnvVar", "", {
  name: string(1, "").required().always(),
  value: string(2, ""),
  valueFrom: EnvVarSource(3, ""),
});
export interface EnvVar extends ObjectOf<typeof EnvVar> {}

export const ResourceClaim = object("ResourceClaim", "", {
  name: string(1, "").required().always(),
  request: string(2, ""),
});
export interface ResourceClaim extends ObjectOf<typeof ResourceClaim> {}

export const ResourceRequirements = object("ResourceRequirements", "", {
  limits: map(1, quantity, ""),
  requests: map(2, quantity, ""),
  claims: list(3, ResourceClaim, "").key("name"),
});
export interface ResourceRequirements extends ObjectOf<typeof ResourceRequirements> {}

export const ContainerResizePolicy = object("ContainerResizePolicy", "", {
  resourceName: string(1, "").required().always(),
  restartPolicy: string(2, "").required().always(),
});
export interface ContainerResizePolicy extends ObjectOf<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = object("ContainerRestartRuleOnExitCodes", "", {
  operator: string(1, "").required(),
  values: list(2, int32, "").set(),
});
export interface ContainerRestartRuleOnExitCodes extends ObjectOf<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = object("ContainerRestartRule", "", {
  action: string(1, "").required(),
  exitCodes: ContainerRestartRuleOnExitCodes(2, ""),
});
export interface ContainerRestartRule extends ObjectOf<typeof ContainerRestartRule> {}

export const VolumeMount = object("VolumeMount", "", {
  name: string(1, "").required().always(),
  readOnly: bool(2, ""),
  recursiveReadOnly: string(7, ""),
  mountPath: string(3, "").required().always(),
  subPath: string(4, ""),
  mountPropagation: string(5, "").oneOf("Bidirectional", "HostToContainer", "None"),
  subPathExpr: string(6, ""),
});
export interface VolumeMount extends ObjectOf<typeof VolumeMount> {}

export const VolumeDevice = object("VolumeDevice", "", {
  name: string(1, "").required().always(),
  devicePath: string(2, "").required().always(),
});
export interface VolumeDevice extends ObjectOf<typeof VolumeDevice> {}

export const Container = object("Container", "", {
  name: string(1, "").required().always(),
  image: string(2, ""),
  command: list(3, string, "").atomic(),
  args: list(4, string, "").atomic(),
  workingDir: string(5, ""),
  ports: list(6, ContainerPort, "").key("containerPort", "protocol").patch("merge", "containerPort"),
  envFrom: list(19, EnvFromSource, "").atomic(),
  env: list(7, EnvVar, "").key("name").patch("merge", "name"),
  resources: ResourceRequirements(8, "").always(),
  resizePolicy: list(23, ContainerResizePolicy, "").atomic(),
  restartPolicy: string(24, ""),
  restartPolicyRules: list(25, ContainerRestartRule, "").atomic(),
  volumeMounts: list(9, VolumeMount, "").key("mountPath").patch("merge", "mountPath"),
  volumeDevices: list(21, VolumeDevice, "").key("devicePath").patch("merge", "devicePath"),
  livenessProbe: Probe(10, ""),
  readinessProbe: Probe(11, ""),
  startupProbe: Probe(22, ""),
  lifecycle: Lifecycle(12, ""),
  terminationMessagePath: string(13, ""),
  terminationMessagePolicy: string(20, "").oneOf("FallbackToLogsOnError", "File"),
  imagePullPolicy: string(14, "").oneOf("Always", "IfNotPresent", "Never"),
  securityContext: SecurityContext(15, ""),
  stdin: bool(16, ""),
  stdinOnce: bool(17, ""),
  tty: bool(18, ""),
});
export interface Container extends ObjectOf<typeof Container> {}

export const EphemeralContainerCommon = object("EphemeralContainerCommon", "", {
  name: string(1, "").required().always(),
  image: string(2, ""),
  command: list(3, string, "").atomic(),
  args: list(4, string, "").atomic(),
  workingDir: string(5, ""),
  ports: list(6, ContainerPort, "").key("containerPort", "protocol").patch("merge", "containerPort"),
  envFrom: list(19, EnvFromSource, "").atomic(),
  env: list(7, EnvVar, "").key("name").patch("merge", "name"),
  resources: ResourceRequirements(8, "").always(),
  resizePolicy: list(23, ContainerResizePolicy, "").atomic(),
  restartPolicy: string(24, ""),
  restartPolicyRules: list(25, ContainerRestartRule, "").atomic(),
  volumeMounts: list(9, VolumeMount, "").key("mountPath").patch("merge", "mountPath"),
  volumeDevices: list(21, VolumeDevice, "").key("devicePath").patch("merge", "devicePath"),
  livenessProbe: Probe(10, ""),
  readinessProbe: Probe(11, ""),
  startupProbe: Probe(22, ""),
  lifecycle: Lifecycle(12, ""),
  terminationMessagePath: string(13, ""),
  terminationMessagePolicy: string(20, "").oneOf("FallbackToLogsOnError", "File"),
  imagePullPolicy: string(14, "").oneOf("Always", "IfNotPresent", "Never"),
  securityContext: SecurityContext(15, ""),
  stdin: bool(16, ""),
  stdinOnce: bool(17, ""),
  tty: bool(18, ""),
});
export interface EphemeralContainerCommon extends ObjectOf<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = object(
  "EphemeralContainer",
  "",
  {
    targetContainerName: string(2, ""),
  },
  embed(1, EphemeralContainerCommon),
);
export interface EphemeralContainer extends ObjectOf<typeof EphemeralContainer> {}
