/** Security contexts of pods and containers. */
import type { Path, Report } from "#base/fielderror.ts";
import { dnsSubdomainProblems, userIdProblems } from "#base/names.ts";
import { checkSupported, complain } from "#kinds/checks.ts";
import { checkDescending } from "#kinds/core/v1/paths.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
  Sysctl,
  WindowsSecurityContextOptions,
} from "#kinds/core/v1/securitycontext.ts";

const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"];

function checkId(report: Report, at: Path, id: number | undefined): void {
  if (id !== undefined) complain(report, at, id, userIdProblems(id));
}
function validateSeccomp(profile: SeccompProfile | undefined, at: Path, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!type) report.required(at.child("type"), "type is required when seccompProfile is set");
  else checkSupported(report, at.child("type"), type, PROFILES);
  if (type === "Localhost") {
    if (localhostProfile === undefined) report.required(at.child("localhostProfile"), "must be set when seccomp type is Localhost");
    else checkDescending(report, at.child("localhostProfile"), localhostProfile);
  } else if (localhostProfile !== undefined)
    report.invalid(at.child("localhostProfile"), profile, "can only be set when seccomp type is Localhost");
}
function validateAppArmor(profile: AppArmorProfile | undefined, at: Path, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const here = at.child("localhostProfile");
  if (type === "Localhost") {
    if (!localhostProfile?.trim()) report.required(here, "must be set when AppArmor type is Localhost");
    else if (localhostProfile.trim() !== localhostProfile) report.invalid(here, localhostProfile, "must not be padded with whitespace");
    if ((localhostProfile ?? "").length > 4095) report.tooLong(here, 4095);
  } else if (!type) report.required(at.child("type"), "type is required when appArmorProfile is set");
  else if (!PROFILES.includes(type)) report.notSupported(at.child("type"), type, PROFILES);
  else if (localhostProfile !== undefined) report.invalid(here, localhostProfile, "can only be set when AppArmor type is Localhost");
}
function validateWindows(options: WindowsSecurityContextOptions | undefined, at: Path, report: Report): void {
  if (!options) return;
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined)
    complain(report, at.child("gmsaCredentialSpecName"), gmsaCredentialSpecName, dnsSubdomainProblems(gmsaCredentialSpecName));
  if (gmsaCredentialSpec === "") report.invalid(at.child("gmsaCredentialSpec"), "", "gmsaCredentialSpec cannot be an empty string");
  else if ((gmsaCredentialSpec?.length ?? 0) > 64 * 1024)
    report.invalid(at.child("gmsaCredentialSpec"), gmsaCredentialSpec, "gmsaCredentialSpec size must be under 64 KiB");
  if (runAsUserName === "") report.invalid(at.child("runAsUserName"), "", "runAsUserName cannot be an empty string");
}

export function validateSecurityContext(sc: SecurityContext | undefined, hostUsers: boolean, at: Path, report: Report): void {
  if (!sc) return;
  checkId(report, at.child("runAsUser"), sc.runAsUser);
  checkId(report, at.child("runAsGroup"), sc.runAsGroup);
  if (sc.procMount !== undefined) {
    checkSupported(report, at.child("procMount"), sc.procMount, ["Default", "Unmasked"]);
    if (hostUsers && sc.procMount === "Unmasked")
      report.invalid(at.child("procMount"), sc.procMount, "`hostUsers` must be false to use `Unmasked`");
  }
  validateSeccomp(sc.seccompProfile, at.child("seccompProfile"), report);
  if (sc.allowPrivilegeEscalation === false) {
    if (sc.privileged) report.invalid(at, sc, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    for (const cap of sc.capabilities?.add ?? [])
      if (cap === "CAP_SYS_ADMIN")
        report.invalid(at, sc, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
  validateWindows(sc.windowsOptions, at.child("windowsOptions"), report);
  validateAppArmor(sc.appArmorProfile, at.child("appArmorProfile"), report);
}

const SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL = `^(${SEGMENT}[\\./])*${SEGMENT}$`;
const sysctlShape = new RegExp(SYSCTL);

/** The namespace that a sysctl belongs to, where it has one. */
function namespaceOf(name: string): "net" | "ipc" | undefined {
  const dotted = name.replaceAll("/", ".");
  if (dotted.startsWith("net.")) return "net";
  if (dotted.startsWith("fs.mqueue.") || /^kernel\.(shm|msg|sem)/.test(dotted)) return "ipc";
  return undefined;
}
function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, at: Path, report: Report): void {
  const names = new Set<string>();
  for (const [i, { name }] of sysctls.entries()) {
    const here = at.index(i).child("name");
    if (!name) report.required(here);
    else if (name.length > 253 || !sysctlShape.test(name))
      report.invalid(here, name, `must have at most 253 characters and match regex ${SYSCTL}`);
    else if (names.has(name)) report.duplicate(here, name);
    const space = namespaceOf(name ?? "");
    if (spec.hostNetwork && space === "net") report.invalid(here, name, "may not be specified when 'hostNetwork' is true");
    else if (spec.hostIPC && space === "ipc") report.invalid(here, name, "may not be specified when 'hostIPC' is true");
    names.add(name);
  }
}

export function validatePodSecurityContext(sc: PodSecurityContext | undefined, spec: PodSpec, at: Path, report: Report): void {
  if (!sc) return;
  checkId(report, at.child("fsGroup"), sc.fsGroup);
  checkId(report, at.child("runAsUser"), sc.runAsUser);
  checkId(report, at.child("runAsGroup"), sc.runAsGroup);
  for (const [i, g] of (sc.supplementalGroups ?? []).entries()) checkId(report, at.child("supplementalGroups").index(i), g);
  if (spec.shareProcessNamespace && spec.hostPID)
    report.invalid(at.child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled");
  validateSysctls(sc.sysctls ?? [], spec, at.child("sysctls"), report);
  if (sc.fsGroupChangePolicy !== undefined)
    checkSupported(report, at.child("fsGroupChangePolicy"), sc.fsGroupChangePolicy, ["Always", "OnRootMismatch"]);
  validateSeccomp(sc.seccompProfile, at.child("seccompProfile"), report);
  validateWindows(sc.windowsOptions, at.child("windowsOptions"), report);
  validateAppArmor(sc.appArmorProfile, at.child("appArmorProfile"), report);
  if (sc.supplementalGroupsPolicy !== undefined)
    checkSupported(report, at.child("supplementalGroupsPolicy"), sc.supplementalGroupsPolicy, ["Merge", "Strict"]);
  if (sc.seLinuxChangePolicy !== undefined)
    checkSupported(report, at.child("seLinuxChangePolicy"), sc.seLinuxChangePolicy, ["MountOption", "Recursive"]);
}
