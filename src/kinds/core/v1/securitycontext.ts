import { bool, int64, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const Capabilities = object("Capabilities", "", {
  add: list(1, string, "").atomic(),
  drop: list(2, string, "").atomic(),
});
export interface Capabilities extends ObjectOf<typeof Capabilities> {}

export const SELinuxOptions = object("SELinuxOptions", "", {
  user: string(1, ""),
  role: string(2, ""),
  type: string(3, ""),
  level: string(4, ""),
});
export interface SELinuxOptions extends ObjectOf<typeof SELinuxOptions> {}

export const WindowsSecurityContextOptions = object("WindowsSecurityContextOptions", "", {
  gmsaCredentialSpecName: string(1, ""),
  gmsaCredentialSpec: string(2, ""),
  runAsUserName: string(3, ""),
  hostProcess: bool(4, ""),
});
export interface WindowsSecurityContextOptions extends ObjectOf<typeof WindowsSecurityContextOptions> {}

export const SeccompProfile = object("SeccompProfile", "", {
  type: string(1, "").required().always().oneOf("Localhost", "RuntimeDefault", "Unconfined"),
  localhostProfile: string(2, ""),
});
export interface SeccompProfile extends ObjectOf<typeof SeccompProfile> {}

export const AppArmorProfile = object("AppArmorProfile", "", {
  type: string(1, "").required().always().oneOf("Localhost", "RuntimeDefault", "Unconfined"),
  localhostProfile: string(2, ""),
});
export interface AppArmorProfile extends ObjectOf<typeof AppArmorProfile> {}

export const SecurityContext = object("SecurityContext", "", {
  capabilities: Capabilities(1, ""),
  privileged: bool(2, ""),
  seLinuxOptions: SELinuxOptions(3, ""),
  windowsOptions: WindowsSecurityContextOptions(10, ""),
  runAsUser: int64(4, ""),
  runAsGroup: int64(8, ""),
  runAsNonRoot: bool(5, ""),
  readOnlyRootFilesystem: bool(6, ""),
  allowPrivilegeEscalation: bool(7, ""),
  procMount: string(9, "").oneOf("Default", "Unmasked"),
  seccompProfile: SeccompProfile(11, ""),
  appArmorProfile: AppArmorProfile(12, ""),
});
export interface SecurityContext extends ObjectOf<typeof SecurityContext> {}

export const Sysctl = object("Sysctl", "", {
  name: string(1, "").required().always(),
  value: string(2, "").required().always(),
});
export interface Sysctl extends ObjectOf<typeof Sysctl> {}

export const PodSecurityContext = object("PodSecurityContext", "", {
  seLinuxOptions: SELinuxOptions(1, ""),
  windowsOptions: WindowsSecurityContextOptions(8, ""),
  runAsUser: int64(2, ""),
  runAsGroup: int64(6, ""),
  runAsNonRoot: bool(3, ""),
  supplementalGroups: list(4, int64, "").atomic(),
  supplementalGroupsPolicy: string(12, "").oneOf("Merge", "Strict"),
  fsGroup: int64(5, ""),
  sysctls: list(7, Sysctl, "").atomic(),
  fsGroupChangePolicy: string(9, "").oneOf("Always", "OnRootMismatch"),
  seccompProfile: SeccompProfile(10, ""),
  appArmorProfile: AppArmorProfile(11, ""),
  seLinuxChangePolicy: string(13, ""),
});
export interface PodSecurityContext extends ObjectOf<typeof PodSecurityContext> {}
