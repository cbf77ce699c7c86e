/**
 * What the kubelet needs of a container runtime, in its own words. host/cri.ts implements it over CRI v1,
 * sim/runtime.ts in virtual time. Stops and removals of what is gone already succeed.
 */
import type { Pipe } from "#base/http.ts";

export interface Runtime {
  /** Name and version as node status shows them, e.g. { name: "containerd", version: "1.6.20" }; rejects while the runtime is away. */
  version(): Promise<{ name: string; version: string }>;
  /** Runtime and network readiness with the runtime's own reason and message. */
  status(): Promise<{ runtimeReady: boolean; networkReady: boolean; message: string }>;

  /** Everything that this kubelet started and the runtime still knows: pods with their containers, newest attempt first. */
  list(): Promise<PodState[]>;
  /** One pod, by its uid. */
  pod(uid: string): Promise<PodState | undefined>;
  /** Changes as they happen (started, exited, removed); ends when the signal is aborted, rejects when the runtime goes away. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;

  /** Creates and starts the sandbox incl. its network; resolves with its id. */
  startSandbox(sandbox: SandboxSpec): Promise<string>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;

  /** Creates a container in the sandbox, not yet started. */
  createContainer(sandboxId: string, sandbox: SandboxSpec, container: ContainerSpec): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Stop signal, `graceSeconds`, then kill. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  updateResources(id: string, resources: LinuxResources): Promise<void>;
  /** After a log file was renamed: write to a fresh one. */
  reopenLog(id: string): Promise<void>;

  /** Runs a command to its end (probes, hooks). Output is cut at `maxOutput` bytes. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number, maxOutput: number): Promise<ExecResult>;
  /** Interactive streams. Resolve when the command (or, for attach, the connection) has ended. */
  exec(id: string, command: readonly string[], streams: Streams, tty: boolean): Promise<{ exitCode: number }>;
  attach(id: string, streams: Streams, tty: boolean): Promise<void>;
  /** One connection to a port inside the sandbox. */
  connect(sandboxId: string, port: number): Promise<Pipe>;

  images(): Promise<ImageState[]>;
  /** Undefined: not here. `reference` may be a name, a tag, a digest or an id. */
  image(reference: string): Promise<ImageState | undefined>;
  /** Resolves with the image's id; rejects with PullError. */
  pull(reference: string, credentials: readonly ImageCredentials[], signal?: AbortSignal): Promise<string>;
  removeImage(id: string): Promise<void>;

  /** CPU, memory and disk use by container id; and of the image store. */
  stats(): Promise<RuntimeStats>;
}

export interface PodState {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly SandboxState[];
  readonly containers: readonly ContainerState[];
}
export interface SandboxState {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  /** Milliseconds. */
  readonly createdAt: number;
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}
export interface ContainerState {
  readonly id: string;
  readonly sandboxId: string;
  /** The container's name in the pod. */
  readonly name: string;
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** The runtime's word: Completed, Error, OOMKilled, ContainerCannotRun, StartError … */
  readonly reason: string;
  readonly message: string;
  /** As the spec named it, and as resolved. */
  readonly image: string;
  readonly imageId: string;
  readonly logPath: string;
  readonly annotations: Readonly<Record<string, string>>;
}
export type RuntimeEvent = {
  readonly type: "started" | "exited" | "removed" | "changed";
  readonly containerId: string;
  readonly podUid?: string;
};

export interface SandboxSpec {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dns: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] };
  readonly portMappings: readonly { protocol: "TCP" | "UDP" | "SCTP"; containerPort: number; hostPort: number; hostIp: string }[];
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SandboxSecurity;
  readonly resources?: LinuxResources;
  readonly runtimeHandler: string;
}
export interface SandboxSecurity {
  readonly namespaces: Namespaces;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly privileged: boolean;
  readonly seccomp?: Profile;
  readonly apparmor?: Profile;
  readonly selinux?: { user: string; role: string; type: string; level: string };
  readonly readonlyRootfs: boolean;
}
export interface Namespaces {
  readonly network: "pod" | "node";
  readonly pid: "pod" | "container" | "node" | { readonly target: string };
  readonly ipc: "pod" | "node";
}
export interface Profile {
  readonly type: "RuntimeDefault" | "Unconfined" | "Localhost";
  readonly localhostRef: string;
}
export interface ContainerSpec {
  readonly name: string;
  readonly attempt: number;
  /** The image's id or reference to run, and as the pod's author wrote it. */
  readonly image: string;
  readonly userImage: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { name: string; value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly { hostPath: string; containerPath: string; permissions: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Below the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: ContainerSecurity;
}
export interface ContainerSecurity {
  readonly namespaces: Namespaces;
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly runAsUser?: number;
  readonly runAsUsername?: string;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly readonlyRootfs: boolean;
  readonly noNewPrivileges: boolean;
  readonly seccomp?: Profile;
  readonly apparmor?: Profile;
  readonly selinux?: { user: string; role: string; type: string; level: string };
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}
export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly: boolean;
  readonly propagation: "private" | "hostToContainer" | "bidirectional";
  readonly selinuxRelabel: boolean;
}
export interface LinuxResources {
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  /** Bytes. */
  readonly memoryLimit?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly hugepages?: readonly { pageSize: string; limit: number }[];
  /** cgroup v2 keys. */
  readonly unified?: Readonly<Record<string, string>>;
}
export interface ExecResult {
  readonly exitCode: number;
  readonly output: Uint8Array;
  readonly timedOut: boolean;
}
/** The caller's ends of an interactive command. */
export interface Streams {
  readonly stdin?: AsyncIterable<Uint8Array>;
  stdout?(bytes: Uint8Array): Promise<void>;
  stderr?(bytes: Uint8Array): Promise<void>;
  readonly resize?: AsyncIterable<{ width: number; height: number }>;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
}
export interface ImageState {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly size: number;
  /** The image's own user: a number, or a name. */
  readonly uid?: number;
  readonly username?: string;
  readonly pinned: boolean;
}
export interface ImageCredentials {
  readonly username: string;
  readonly password: string;
  readonly auth: string;
  readonly serverAddress: string;
  readonly identityToken: string;
  readonly registryToken: string;
}
export interface RuntimeStats {
  readonly containers: readonly {
    readonly id: string;
    /** Milliseconds. */
    readonly at: number;
    readonly cpuNanoseconds: number;
    readonly memoryWorkingSet: number;
    readonly memoryUsage: number;
    readonly memoryRss: number;
    readonly writableLayerBytes: number;
    readonly writableLayerInodes: number;
  }[];
  readonly imageStore: { readonly path: string; readonly usedBytes: number; readonly inodesUsed: number } | undefined;
}

/** Why a pull failed: the sentence for events and statuses, and whether trying again may help. */
export class PullError extends Error {
  readonly kind: "notFound" | "unauthorized" | "unavailable" | "other";
  constructor(kind: PullError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
/** The runtime does not answer: it has died or its socket is gone. */
export class RuntimeAway extends Error {}
