import { bool, int64, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const Capabilities = object("Capabilities", "Linux capabilities beside what the runtime gives.", {
  add: list(1, string, "Those to add.").atomic(),
  drop: list(2, string, "Those to take away; ALL means all.").atomic(),
});
export interface Capabilities extends ObjectOf<typeof Capabilities> {}

export const SELinuxOptions = object("SELinuxOptions", "The SELinux label of processes and volumes.", {
  user: string(1, "The user part."),
  role: string(2, "The role part."),
  type: string(3, "The type part."),
  level: string(4, "The level part."),
});
export interface SELinuxOptions extends ObjectOf<typeof SELinuxOptions> {}

export const WindowsSecurityContextOptions = object("WindowsSecurityContextOptions", "Settings for Windows.", {
  gmsaCredentialSpecName: string(1, "The name of a credential specification for group-managed service accounts."),
  gmsaCredentialSpec: string(2, "The credential specification itself; filled in from its name."),
  runAsUserName: string(3, "The user under whom programs run."),
  hostProcess: bool(4, "Whether the container runs as a process of the host; the same for all containers of a pod."),
});
export interface WindowsSecurityContextOptions extends ObjectOf<typeof WindowsSecurityContextOptions> {}

export const SeccompProfile = object("SeccompProfile", "Which system calls are allowed.", {
  type: string(1, "RuntimeDefault, Localhost (a file on the node) or Unconfined.")
    .required()
    .always()
    .oneOf("Localhost", "RuntimeDefault", "Unconfined"),
  localhostProfile: string(2, "The file below the kubelet's seccomp directory; with type Localhost only."),
});
export interface SeccompProfile extends ObjectOf<typeof SeccompProfile> {}

export const AppArmorProfile = object("AppArmorProfile", "What AppArmor allows.", {
  type: string(1, "RuntimeDefault, Localhost (a profile loaded on the node) or Unconfined.")
    .required()
    .always()
    .oneOf("Localhost", "RuntimeDefault", "Unconfined"),
  localhostProfile: string(2, "The name of the loaded profile; with type Localhost only."),
});
export interface AppArmorProfile extends ObjectOf<typeof AppArmorProfile> {}

export const SecurityContext = object("SecurityContext", "Rights of one container; goes before what the pod states.", {
  capabilities: Capabilities(1, "Linux capabilities."),
  privileged: bool(2, "Whether the container may do all that root on the node may."),
  seLinuxOptions: SELinuxOptions(3, "The SELinux label."),
  windowsOptions: WindowsSecurityContextOptions(10, "Settings for Windows."),
  runAsUser: int64(4, "The user id of the first process; the image's unless stated."),
  runAsGroup: int64(8, "The group id of the first process."),
  runAsNonRoot: bool(5, "Whether a container that would run as root is refused."),
  readOnlyRootFilesystem: bool(6, "Whether the container's own file system is read-only."),
  allowPrivilegeEscalation: bool(7, "Whether a process can gain more rights than its parent has."),
  procMount: string(9, "How /proc is mounted: Default hides some paths, Unmasked shows all.").oneOf("Default", "Unmasked"),
  seccompProfile: SeccompProfile(11, "Which system calls are allowed."),
  appArmorProfile: AppArmorProfile(12, "What AppArmor allows."),
});
export interface SecurityContext extends ObjectOf<typeof SecurityContext> {}

export const Sysctl = object("Sysctl", "A kernel parameter.", {
  name: string(1, "Its name.").required().always(),
  value: string(2, "Its value.").required().always(),
});
export interface Sysctl extends ObjectOf<typeof Sysctl> {}

export const PodSecurityContext = object("PodSecurityContext", "Rights that hold for all containers of a pod, and of its volumes.", {
  seLinuxOptions: SELinuxOptions(1, "The SELinux label of all containers."),
  windowsOptions: WindowsSecurityContextOptions(8, "Settings for Windows."),
  runAsUser: int64(2, "The user id of the containers' first processes."),
  runAsGroup: int64(6, "The group id of the containers' first processes."),
  runAsNonRoot: bool(3, "Whether containers that would run as root are refused."),
  supplementalGroups: list(4, int64, "Further groups of the first processes.").atomic(),
  supplementalGroupsPolicy: string(
    12,
    "Merge adds the groups that the image gives the user, Strict leaves them out; Merge unless stated.",
  ).oneOf("Merge", "Strict"),
  fsGroup: int64(5, "A further group; volumes that allow it belong to it, too."),
  sysctls: list(7, Sysctl, "Kernel parameters of the pod's own namespaces.").atomic(),
  fsGroupChangePolicy: string(9, "Whether a volume's owner is set always, or only if its root differs (OnRootMismatch).").oneOf(
    "Always",
    "OnRootMismatch",
  ),
  seccompProfile: SeccompProfile(10, "Which system calls are allowed."),
  appArmorProfile: AppArmorProfile(11, "What AppArmor allows."),
  seLinuxChangePolicy: string(13, "How the SELinux label gets onto volumes: Recursive or MountOption."),
});
export interface PodSecurityContext extends ObjectOf<typeof PodSecurityContext> {}
