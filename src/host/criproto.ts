/**
 * CRI v1 (https://github.com/kubernetes/cri-api, pkg/apis/runtime/v1): the calls that the kubelet makes and the fields that
 * it sets or reads. Names in camel case; numbers are the protocol's.
 */

import { type AnyMessage, message, method, repeated } from "#base/message.ts";

export const protocol = { TCP: 0, UDP: 1, SCTP: 2 } as const;
export const propagation = { private: 0, hostToContainer: 1, bidirectional: 2 } as const;
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
export const profileType = { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 } as const;
export const sandboxReady = 0;
export const containerStates = ["created", "running", "exited", "unknown"] as const;

const Int64Value = message({ value: [1, "int64"] });
const UInt64Value = message({ value: [1, "uint64"] });
const empty = message({});

const NamespaceOption = message({ network: [1, "int32"], pid: [2, "int32"], ipc: [3, "int32"], targetId: [4, "string"] });
const SecurityProfile = message({ profileType: [1, "int32"], localhostRef: [2, "string"] });
const SELinuxOption = message({ user: [1, "string"], role: [2, "string"], type: [3, "string"], level: [4, "string"] });
const HugepageLimit = message({ pageSize: [1, "string"], limit: [2, "uint64"] });
export const LinuxContainerResources = message({
  cpuPeriod: [1, "int64"],
  cpuQuota: [2, "int64"],
  cpuShares: [3, "int64"],
  memoryLimitInBytes: [4, "int64"],
  oomScoreAdj: [5, "int64"],
  cpusetCpus: [6, "string"],
  hugepageLimits: [8, repeated(HugepageLimit)],
  unified: [9, "map"],
});

const SandboxMetadata = message({ name: [1, "string"], uid: [2, "string"], namespace: [3, "string"], attempt: [4, "uint32"] });
const PortMapping = message({ protocol: [1, "int32"], containerPort: [2, "int32"], hostPort: [3, "int32"], hostIp: [4, "string"] });
const LinuxSandboxSecurityContext = message({
  namespaceOptions: [1, NamespaceOption],
  selinuxOptions: [2, SELinuxOption],
  runAsUser: [3, Int64Value],
  readonlyRootfs: [4, "bool"],
  supplementalGroups: [5, repeated("int64")],
  privileged: [6, "bool"],
  runAsGroup: [8, Int64Value],
  seccomp: [9, SecurityProfile],
  apparmor: [10, SecurityProfile],
});
export const PodSandboxConfig = message({
  metadata: [1, SandboxMetadata],
  hostname: [2, "string"],
  logDirectory: [3, "string"],
  dnsConfig: [4, message({ servers: [1, repeated("string")], searches: [2, repeated("string")], options: [3, repeated("string")] })],
  portMappings: [5, repeated(PortMapping)],
  labels: [6, "map"],
  annotations: [7, "map"],
  linux: [
    8,
    message({
      cgroupParent: [1, "string"],
      securityContext: [2, LinuxSandboxSecurityContext],
      sysctls: [3, "map"],
      resources: [5, LinuxContainerResources],
    }),
  ],
});
const PodSandboxStatus = message({
  id: [1, "string"],
  metadata: [2, SandboxMetadata],
  state: [3, "int32"],
  createdAt: [4, "int64"],
  network: [5, message({ ip: [1, "string"], additionalIps: [2, repeated(message({ ip: [1, "string"] }))] })],
  linux: [6, message({ namespaces: [1, message({ options: [2, NamespaceOption] })] })],
  labels: [7, "map"],
});
const PodSandbox = message({
  id: [1, "string"],
  metadata: [2, SandboxMetadata],
  state: [3, "int32"],
  createdAt: [4, "int64"],
  labels: [5, "map"],
});

const ImageSpec = message({ image: [1, "string"], userSpecifiedImage: [18, "string"] });
const Image = message({
  id: [1, "string"],
  repoTags: [2, repeated("string")],
  repoDigests: [3, repeated("string")],
  size: [4, "uint64"],
  uid: [5, Int64Value],
  username: [6, "string"],
  pinned: [8, "bool"],
});
const AuthConfig = message({
  username: [1, "string"],
  password: [2, "string"],
  auth: [3, "string"],
  serverAddress: [4, "string"],
  identityToken: [5, "string"],
  registryToken: [6, "string"],
});

const ContainerMetadata = message({ name: [1, "string"], attempt: [2, "uint32"] });
const Mount = message({
  containerPath: [1, "string"],
  hostPath: [2, "string"],
  readonly: [3, "bool"],
  selinuxRelabel: [4, "bool"],
  propagation: [5, "int32"],
});
const LinuxContainerSecurityContext = message({
  capabilities: [1, message({ add: [1, repeated("string")], drop: [2, repeated("string")] })],
  privileged: [2, "bool"],
  namespaceOptions: [3, NamespaceOption],
  selinuxOptions: [4, SELinuxOption],
  runAsUser: [5, Int64Value],
  runAsUsername: [6, "string"],
  readonlyRootfs: [7, "bool"],
  supplementalGroups: [8, repeated("int64")],
  noNewPrivs: [11, "bool"],
  runAsGroup: [12, Int64Value],
  maskedPaths: [13, repeated("string")],
  readonlyPaths: [14, repeated("string")],
  seccomp: [15, SecurityProfile],
  apparmor: [16, SecurityProfile],
});
export const ContainerConfig = message({
  metadata: [1, ContainerMetadata],
  image: [2, ImageSpec],
  command: [3, repeated("string")],
  args: [4, repeated("string")],
  workingDir: [5, "string"],
  envs: [6, repeated(message({ key: [1, "string"], value: [2, "bytes"] }))],
  mounts: [7, repeated(Mount)],
  devices: [8, repeated(message({ containerPath: [1, "string"], hostPath: [2, "string"], permissions: [3, "string"] }))],
  labels: [9, "map"],
  annotations: [10, "map"],
  logPath: [11, "string"],
  stdin: [12, "bool"],
  stdinOnce: [13, "bool"],
  tty: [14, "bool"],
  linux: [15, message({ resources: [1, LinuxContainerResources], securityContext: [2, LinuxContainerSecurityContext] })],
});
const Container = message({
  id: [1, "string"],
  podSandboxId: [2, "string"],
  metadata: [3, ContainerMetadata],
  image: [4, ImageSpec],
  imageRef: [5, "string"],
  state: [6, "int32"],
  createdAt: [7, "int64"],
  labels: [8, "map"],
  annotations: [9, "map"],
});
const ContainerStatus = message({
  id: [1, "string"],
  metadata: [2, ContainerMetadata],
  state: [3, "int32"],
  createdAt: [4, "int64"],
  startedAt: [5, "int64"],
  finishedAt: [6, "int64"],
  exitCode: [7, "int32"],
  image: [8, ImageSpec],
  imageRef: [9, "string"],
  reason: [10, "string"],
  message: [11, "string"],
  labels: [12, "map"],
  annotations: [13, "map"],
  logPath: [15, "string"],
});
const filter = message({ labelSelector: [3, "map"] });
const containerFilter = message({ labelSelector: [4, "map"] });

const FilesystemUsage = message({
  timestamp: [1, "int64"],
  fsId: [2, message({ mountpoint: [1, "string"] })],
  usedBytes: [3, UInt64Value],
  inodesUsed: [4, UInt64Value],
});
const ContainerStats = message({
  attributes: [1, message({ id: [1, "string"] })],
  cpu: [2, message({ timestamp: [1, "int64"], usageCoreNanoSeconds: [2, UInt64Value] })],
  memory: [
    3,
    message({ timestamp: [1, "int64"], workingSetBytes: [2, UInt64Value], usageBytes: [4, UInt64Value], rssBytes: [5, UInt64Value] }),
  ],
  writableLayer: [4, FilesystemUsage],
});

const runtime = <I extends AnyMessage, O extends AnyMessage>(name: string, input: I, output: O) =>
  method(`/runtime.v1.RuntimeService/${name}`, input, output);
const images = <I extends AnyMessage, O extends AnyMessage>(name: string, input: I, output: O) =>
  method(`/runtime.v1.ImageService/${name}`, input, output);
const sandboxId = message({ podSandboxId: [1, "string"] });
const containerId = message({ containerId: [1, "string"] });
const url = message({ url: [1, "string"] });

export const cri = {
  version: runtime(
    "Version",
    message({ version: [1, "string"] }),
    message({ version: [1, "string"], runtimeName: [2, "string"], runtimeVersion: [3, "string"], runtimeApiVersion: [4, "string"] }),
  ),
  status: runtime(
    "Status",
    message({ verbose: [1, "bool"] }),
    message({
      status: [
        1,
        message({
          conditions: [1, repeated(message({ type: [1, "string"], status: [2, "bool"], reason: [3, "string"], message: [4, "string"] }))],
        }),
      ],
    }),
  ),
  runPodSandbox: runtime("RunPodSandbox", message({ config: [1, PodSandboxConfig], runtimeHandler: [2, "string"] }), sandboxId),
  stopPodSandbox: runtime("StopPodSandbox", sandboxId, empty),
  removePodSandbox: runtime("RemovePodSandbox", sandboxId, empty),
  podSandboxStatus: runtime("PodSandboxStatus", sandboxId, message({ status: [1, PodSandboxStatus] })),
  listPodSandbox: runtime("ListPodSandbox", message({ filter: [1, filter] }), message({ items: [1, repeated(PodSandbox)] })),
  createContainer: runtime(
    "CreateContainer",
    message({ podSandboxId: [1, "string"], config: [2, ContainerConfig], sandboxConfig: [3, PodSandboxConfig] }),
    containerId,
  ),
  startContainer: runtime("StartContainer", containerId, empty),
  stopContainer: runtime("StopContainer", message({ containerId: [1, "string"], timeout: [2, "int64"] }), empty),
  removeContainer: runtime("RemoveContainer", containerId, empty),
  listContainers: runtime("ListContainers", message({ filter: [1, containerFilter] }), message({ containers: [1, repeated(Container)] })),
  containerStatus: runtime("ContainerStatus", containerId, message({ status: [1, ContainerStatus] })),
  updateContainerResources: runtime(
    "UpdateContainerResources",
    message({ containerId: [1, "string"], linux: [2, LinuxContainerResources] }),
    empty,
  ),
  reopenContainerLog: runtime("ReopenContainerLog", containerId, empty),
  execSync: runtime(
    "ExecSync",
    message({ containerId: [1, "string"], cmd: [2, repeated("string")], timeout: [3, "int64"] }),
    message({ stdout: [1, "bytes"], stderr: [2, "bytes"], exitCode: [3, "int32"] }),
  ),
  exec: runtime(
    "Exec",
    message({
      containerId: [1, "string"],
      cmd: [2, repeated("string")],
      tty: [3, "bool"],
      stdin: [4, "bool"],
      stdout: [5, "bool"],
      stderr: [6, "bool"],
    }),
    url,
  ),
  attach: runtime(
    "Attach",
    message({ containerId: [1, "string"], stdin: [2, "bool"], tty: [3, "bool"], stdout: [4, "bool"], stderr: [5, "bool"] }),
    url,
  ),
  portForward: runtime("PortForward", message({ podSandboxId: [1, "string"], port: [2, repeated("int32")] }), url),
  listContainerStats: runtime("ListContainerStats", empty, message({ stats: [1, repeated(ContainerStats)] })),

  listImages: images("ListImages", empty, message({ images: [1, repeated(Image)] })),
  imageStatus: images("ImageStatus", message({ image: [1, ImageSpec] }), message({ image: [1, Image] })),
  pullImage: images("PullImage", message({ image: [1, ImageSpec], auth: [2, AuthConfig] }), message({ imageRef: [1, "string"] })),
  removeImage: images("RemoveImage", message({ image: [1, ImageSpec] }), empty),
  imageFsInfo: images("ImageFsInfo", empty, message({ imageFilesystems: [1, repeated(FilesystemUsage)] })),
} as const;
