/** What the runtime is asked for: sandbox and container as CRI-near values, from the pod's spec and what was found out about it. */
import type { Container, VolumeMount } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { commandOf, expand } from "#kubelet/env.ts";
import { ConfigError } from "#kubelet/fields.ts";
import { ANNOTATION, containerHash, LABEL, podPaths, type Roots } from "#kubelet/names.ts";
import { type ClusterDns, type DnsConfig, dnsOf, hostNameOf } from "#kubelet/network.ts";
import { containerResources, podCgroup } from "#kubelet/resources.ts";
import type { ContainerSpec, ImageState, Mount, SandboxSpec } from "#kubelet/runtime.ts";
import { containerSecurity, sandboxSecurity, sysctlsOf } from "#kubelet/security.ts";

/** The node as pods see it. */
export interface NodeSetting {
  readonly roots: Roots;
  readonly dns: ClusterDns;
  /** Empty, or a path that begins with a slash: where `kubepods` lies. */
  readonly cgroupRoot: string;
  readonly seccompRoot: string;
  readonly memoryCapacity: number;
  readonly nodeDns: DnsConfig;
}

export function sandboxSpec(pod: Pod, attempt: number, setting: NodeSetting): SandboxSpec {
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const ports = pod.spec.hostNetwork ? [] : [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap(c => c.ports ?? []);
  return {
    uid,
    name,
    namespace,
    attempt,
    hostname: hostNameOf(pod, setting.dns.domain).sandbox,
    logDirectory: podPaths(setting.roots, pod.metadata).logs,
    labels: { ...pod.metadata.labels, [LABEL.podName]: name, [LABEL.podNamespace]: namespace, [LABEL.podUid]: uid },
    annotations: {},
    dns: dnsOf(pod, setting.dns, setting.nodeDns),
    portMappings: ports
      .filter(p => p.hostPort)
      .map(p => ({
        protocol: (p.protocol ?? "TCP") as "TCP" | "UDP" | "SCTP",
        containerPort: p.containerPort,
        hostPort: p.hostPort!,
        hostIp: p.hostIP ?? "",
      })),
    cgroupParent: podCgroup(setting.cgroupRoot, pod),
    sysctls: sysctlsOf(pod),
    security: sandboxSecurity(pod, setting.seccompRoot),
    runtimeHandler: "",
  };
}

export interface ContainerParts {
  readonly attempt: number;
  readonly restartDelay: number;
  readonly image: ImageState;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly terminationFile: string;
  /** The container whose processes an ephemeral one is to see. */
  readonly targetId?: string;
}
export function containerSpec(pod: Pod, container: Container, parts: ContainerParts, setting: NodeSetting): ContainerSpec {
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const { attempt, image, env } = parts;
  return {
    name: container.name,
    attempt,
    image: image.id,
    userImage: container.image ?? "",
    ...commandOf(container, env),
    workingDir: container.workingDir ?? "",
    env,
    mounts: parts.mounts,
    devices: [],
    labels: { [LABEL.podName]: name, [LABEL.podNamespace]: namespace, [LABEL.podUid]: uid, [LABEL.containerName]: container.name },
    annotations: {
      [ANNOTATION.hash]: containerHash(container),
      [ANNOTATION.restartCount]: String(attempt),
      [ANNOTATION.terminationMessagePath]: container.terminationMessagePath ?? "",
      [ANNOTATION.terminationMessagePolicy]: container.terminationMessagePolicy ?? "File",
      [ANNOTATION.gracePeriod]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
      [ANNOTATION.restartDelay]: String(parts.restartDelay),
      [ANNOTATION.terminationFile]: parts.terminationFile,
    },
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(pod, container, setting.memoryCapacity),
    security: containerSecurity(pod, container, image, setting.seccompRoot, parts.targetId),
  };
}

/** The part of a volume that is mounted, "" for all of it. Throws ConfigError for what leads out of it. */
export function subPathOf(mount: VolumeMount, env: readonly { readonly name: string; readonly value: string }[]): string {
  let path = mount.subPath ?? "";
  if (mount.subPathExpr) {
    const values = new Map(env.map(e => [e.name, e.value]));
    const missing: string[] = [];
    path = expand(mount.subPathExpr, name => {
      const value = values.get(name);
      if (!value) missing.push(name);
      return value;
    });
    if (missing.length > 0) throw new ConfigError(`missing value for "${missing[0]}"`);
  }
  if (path.startsWith("/")) throw new ConfigError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split("/").includes("..")) throw new ConfigError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
}
const PROPAGATION = { None: "private", HostToContainer: "hostToContainer", Bidirectional: "bidirectional" } as const;
export function propagationOf(mount: VolumeMount): Mount["propagation"] {
  return PROPAGATION[(mount.mountPropagation ?? "None") as keyof typeof PROPAGATION] ?? "private";
}
