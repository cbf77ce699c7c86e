/** The kubelet's words for sandboxes and containers, turned into CRI's. Pure. */

import type { Input } from "#base/message.ts";
import type { ContainerSpec, LinuxResources, Namespaces, Profile, SandboxSpec } from "#kubelet/runtime.ts";
import {
  type ContainerConfig,
  type LinuxContainerResources,
  namespaceMode,
  type PodSandboxConfig,
  profileType,
  propagation,
  protocol,
} from "./criproto.ts";

/** Label keys under which every kubelet marks what it starts; other tools (crictl, log agents) look for them. */
export const labelKeys = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export function sandboxConfig(spec: SandboxSpec): Input<typeof PodSandboxConfig> {
  const security = spec.security;
  return {
    metadata: { name: spec.name, uid: spec.uid, namespace: spec.namespace, attempt: spec.attempt },
    // On the node's network the node's own host name shows; setting one is refused there.
    hostname: security.namespaces.network === "node" ? "" : spec.hostname,
    logDirectory: spec.logDirectory,
    dnsConfig: spec.dns,
    portMappings: spec.portMappings.map(m => ({ ...m, protocol: protocol[m.protocol] })),
    labels: { ...spec.labels, ...podLabels(spec) },
    annotations: spec.annotations,
    linux: {
      cgroupParent: spec.cgroupParent,
      sysctls: spec.sysctls,
      resources: spec.resources === undefined ? undefined : resources(spec.resources),
      securityContext: {
        namespaceOptions: namespaces(security.namespaces),
        selinuxOptions: security.selinux,
        runAsUser: optional(security.runAsUser),
        runAsGroup: optional(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        privileged: security.privileged,
        readonlyRootfs: security.readonlyRootfs,
        seccomp: profile(security.seccomp),
        apparmor: profile(security.apparmor),
      },
    },
  };
}

export function containerConfig(sandbox: SandboxSpec, spec: ContainerSpec): Input<typeof ContainerConfig> {
  const security = spec.security;
  return {
    metadata: { name: spec.name, attempt: spec.attempt },
    image: { image: spec.image, userSpecifiedImage: spec.userImage },
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    envs: spec.env.map(e => ({ key: e.name, value: Buffer.from(e.value) })),
    mounts: spec.mounts.map(m => ({
      containerPath: m.containerPath,
      hostPath: m.hostPath,
      readonly: m.readonly,
      selinuxRelabel: m.selinuxRelabel,
      propagation: propagation[m.propagation],
    })),
    devices: spec.devices,
    labels: { ...spec.labels, ...podLabels(sandbox), [labelKeys.containerName]: spec.name },
    annotations: spec.annotations,
    logPath: spec.logPath,
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    linux: {
      resources: resources(spec.resources),
      securityContext: {
        capabilities: { add: security.addCapabilities, drop: security.dropCapabilities },
        privileged: security.privileged,
        namespaceOptions: namespaces(security.namespaces),
        selinuxOptions: security.selinux,
        runAsUser: optional(security.runAsUser),
        runAsUsername: security.runAsUsername,
        runAsGroup: optional(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        readonlyRootfs: security.readonlyRootfs,
        noNewPrivs: security.noNewPrivileges,
        maskedPaths: security.maskedPaths,
        readonlyPaths: security.readonlyPaths,
        seccomp: profile(security.seccomp),
        apparmor: profile(security.apparmor),
      },
    },
  };
}

export function resources(from: LinuxResources): Input<typeof LinuxContainerResources> {
  return {
    cpuShares: from.cpuShares,
    cpuQuota: from.cpuQuota,
    cpuPeriod: from.cpuPeriod,
    memoryLimitInBytes: from.memoryLimit,
    oomScoreAdj: from.oomScoreAdj,
    cpusetCpus: from.cpusetCpus,
    hugepageLimits: from.hugepages,
    unified: from.unified,
  };
}
function podLabels(spec: SandboxSpec): Record<string, string> {
  return { [labelKeys.podName]: spec.name, [labelKeys.podNamespace]: spec.namespace, [labelKeys.podUid]: spec.uid };
}
function namespaces(from: Namespaces) {
  const pid = typeof from.pid === "string" ? namespaceMode[from.pid] : namespaceMode.target;
  return {
    network: namespaceMode[from.network],
    pid,
    ipc: namespaceMode[from.ipc],
    targetId: typeof from.pid === "string" ? "" : from.pid.target,
  };
}
const optional = (value: number | undefined) => (value === undefined ? undefined : { value });
function profile(from: Profile | undefined) {
  return from === undefined ? undefined : { profileType: profileType[from.type], localhostRef: from.localhostRef };
}
