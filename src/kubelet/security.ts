/** Security contexts of pod and container as the runtime takes them, and what the kubelet itself refuses. */
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { ConfigError } from "#kubelet/fields.ts";
import { podText } from "#kubelet/names.ts";
import type { Rejection } from "#kubelet/observed.ts";
import type { ContainerSecurity, ImageState, Namespaces, Profile, SandboxSecurity } from "#kubelet/runtime.ts";

const MASKED = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

type ProfileSource = { readonly type: string; readonly localhostProfile?: string } | undefined;
function profile(source: ProfileSource, root: string): Profile | undefined {
  if (!source) return undefined;
  const type = source.type as Profile["type"];
  return {
    type,
    localhostRef: type === "Localhost" ? (root ? `${root}/${source.localhostProfile}` : (source.localhostProfile ?? "")) : "",
  };
}
const seLinux = (o: { user?: string; role?: string; type?: string; level?: string } | undefined) =>
  o && { user: o.user ?? "", role: o.role ?? "", type: o.type ?? "", level: o.level ?? "" };

export function namespacesOf(pod: Pod, targetId?: string): Namespaces {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec;
  return {
    network: hostNetwork ? "node" : "pod",
    pid: targetId ? { target: targetId } : hostPID ? "node" : shareProcessNamespace ? "pod" : "container",
    ipc: hostIPC ? "node" : "pod",
  };
}
function groupsOf(pod: Pod): number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {};
  return [...(fsGroup !== undefined ? [fsGroup] : []), ...supplementalGroups];
}

export function sandboxSecurity(pod: Pod, seccompRoot: string): SandboxSecurity {
  const own = pod.spec.securityContext ?? {};
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const selinux = seLinux(own.seLinuxOptions);
  const seccomp = profile(own.seccompProfile, seccompRoot) ?? ({ type: "RuntimeDefault", localhostRef: "" } as const);
  return {
    namespaces: namespacesOf(pod),
    ...(own.runAsUser !== undefined && { runAsUser: own.runAsUser }),
    ...(own.runAsGroup !== undefined && own.runAsUser !== undefined && { runAsGroup: own.runAsGroup }),
    supplementalGroups: groupsOf(pod),
    privileged: all.some(c => c.securityContext?.privileged),
    seccomp,
    ...(selinux && { selinux }),
    readonlyRootfs: false,
  };
}

/** A container's effective context; throws ConfigError when it must not run as root and would. */
export function containerSecurity(
  pod: Pod,
  container: Container,
  image: ImageState,
  seccompRoot: string,
  targetId?: string,
): ContainerSecurity {
  const whole = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const user = own.runAsUser ?? whole.runAsUser;
  const group = own.runAsGroup ?? whole.runAsGroup;
  if (own.runAsNonRoot ?? whole.runAsNonRoot) refuseRoot(pod, container, user, image);
  const seccomp = profile(own.seccompProfile ?? whole.seccompProfile, seccompRoot);
  const apparmor = profile(own.appArmorProfile ?? whole.appArmorProfile, "");
  const selinux = seLinux(own.seLinuxOptions ?? whole.seLinuxOptions);
  const unmasked = own.procMount === "Unmasked";
  // without a user of its own the container runs as the image says
  const byImage =
    user === undefined
      ? image.uid !== undefined
        ? { runAsUser: image.uid }
        : image.username
          ? { runAsUsername: image.username }
          : {}
      : { runAsUser: user };
  return {
    namespaces: namespacesOf(pod, targetId),
    privileged: own.privileged ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...byImage,
    ...(group !== undefined && { runAsGroup: group }),
    supplementalGroups: groupsOf(pod),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    ...(seccomp && { seccomp }),
    ...(apparmor && { apparmor }),
    ...(selinux && { selinux }),
    maskedPaths: unmasked ? [] : MASKED,
    readonlyPaths: unmasked ? [] : READONLY,
  };
}
function refuseRoot(pod: Pod, container: Container, user: number | undefined, image: ImageState): void {
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (user !== undefined) {
    if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  if (image.uid === undefined && image.username)
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  if (image.uid === undefined) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

/** Settings of the kernel that belong to a pod's own namespaces; and the namespace that each needs. */
const SAFE_SYSCTLS: Readonly<Record<string, "net" | "ipc">> = {
  "kernel.shm_rmid_forced": "ipc",
  "net.ipv4.ip_local_port_range": "net",
  "net.ipv4.tcp_syncookies": "net",
  "net.ipv4.ping_group_range": "net",
  "net.ipv4.ip_unprivileged_port_start": "net",
  "net.ipv4.ip_local_reserved_ports": "net",
  "net.ipv4.tcp_keepalive_time": "net",
  "net.ipv4.tcp_fin_timeout": "net",
  "net.ipv4.tcp_keepalive_intvl": "net",
  "net.ipv4.tcp_keepalive_probes": "net",
  "net.ipv4.tcp_rmem": "net",
  "net.ipv4.tcp_wmem": "net",
};
/** A sysctl's name with dots between its parts: `net/ipv4/x` and `net.ipv4.x` are the same. */
function dotted(name: string): string {
  const at = name.search(/[./]/);
  if (at < 0 || name[at] === ".") return name;
  return name.replace(/[./]/g, c => (c === "/" ? "." : "/"));
}
export function sysctlsOf(pod: Pod): Readonly<Record<string, string>> {
  return Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map(s => [dotted(s.name), s.value]));
}
/** Why the pod's sysctls are refused here, if they are; `allowed` are patterns beside the safe ones (`net.core.*`). */
export function sysctlRejection(pod: Pod, allowed: readonly string[]): Rejection | undefined {
  for (const name of Object.keys(sysctlsOf(pod))) {
    const reject = (why: string): Rejection => ({ reason: "SysctlForbidden", message: `forbidden sysctl: "${name}" ${why}` });
    const listed = allowed.some(p => (p.endsWith("*") ? name.startsWith(p.slice(0, -1)) : p === name));
    const needs = SAFE_SYSCTLS[name] ?? (listed ? (name.startsWith("net.") ? "net" : "ipc") : undefined);
    if (!needs) return reject("not allowlisted");
    if (needs === "net" && pod.spec.hostNetwork) return reject("not allowed with host net enabled");
    if (needs === "ipc" && pod.spec.hostIPC) return reject("not allowed with host ipc enabled");
  }
  return undefined;
}
