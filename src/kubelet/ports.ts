/**
 * What the kubelet needs of its machine beside the runtime (runtime.ts): tiny ports, implemented in src/host/ and src/sim/.
 * What is asked again and again on a node that rests may be answered at once: a simulated machine has nothing to wait for.
 */
import type { HttpRequest, HttpResponse } from "#base/http.ts";
import type { Soon } from "#base/soon.ts";

/** Who an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
  /** A part of the object, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string;
}
/** Tells of what happened; never fails, may drop what repeats too often. */
export interface Events {
  tell(about: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** One file of a projected directory. */
export interface PayloadFile {
  /** Relative to the volume, no `..`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** Numeric owner, when the file is to have one (service account tokens of pods that run as one user). */
  readonly uid?: number;
}
export type HostPathType = "" | "DirectoryOrCreate" | "Directory" | "FileOrCreate" | "File" | "Socket" | "CharDevice" | "BlockDevice";

/**
 * The kubelet's own directories and mounts. Paths are absolute. All reject with a sentence that an event can show.
 * What is there already counts as done.
 */
export interface Disk {
  /** Prepares the kubelet's root: makes it, shares its mounts, mounts the one tmpfs that secrets and tokens live on at `memory`. */
  prepare(root: string, memory: string): Promise<void>;
  /** A directory (parents too) with this mode. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** A tmpfs of its own; `size` in bytes. */
  mountTmpfs(path: string, size: number | undefined): Promise<void>;
  /** Replaces the whole content of a volume atomically by way of its `..data` link; false when nothing differed. */
  writePayload(directory: string, files: readonly PayloadFile[], fsGroup: number | undefined): Promise<boolean>;
  /** Gives a writable volume to a group, root directory and all, as fsGroup asks; `onRootMismatch` looks at the root only first. */
  giveToGroup(directory: string, gid: number, onRootMismatch: boolean): Promise<void>;
  /** Checks or makes a hostPath as its type says. */
  hostPath(path: string, type: HostPathType): Promise<void>;
  /**
   * A path to mount for `subPath` below `volume`: bound to `target` so that a symbolic link in the volume can neither now nor
   * later lead out of it. Makes a directory when nothing is there.
   */
  bindSubPath(volume: string, subPath: string, target: string): Promise<string>;
  writeFile(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  /** At most `most` bytes from the end; undefined when there is no such file. */
  readTail(path: string, most: number): Promise<Uint8Array | undefined>;
  /** Names within a directory; none when it is not there. */
  list(path: string): Soon<readonly string[]>;
  /** Unmounts everything below, then removes the tree. */
  remove(path: string): Promise<void>;
  /** Bytes and inodes of the filesystem that holds `path`. */
  usage(path: string): Soon<DiskUsage>;
  /** Bytes that a directory's files take. */
  size(path: string): Promise<number>;
}

export interface DiskUsage {
  readonly capacity: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** Log files: those of containers, which the runtime writes and this kubelet rotates and serves. */
export interface LogFiles {
  /** Size in bytes; undefined: no such file. */
  size(path: string): Soon<number | undefined>;
  /** Names of the files in a directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Bytes [from, to) of a file; fewer at its end. `id` tells files apart that had one name in turn. */
  open(path: string): Promise<LogFile | undefined>;
  rename(from: string, to: string): Promise<void>;
  compress(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Yields when the directory's files may have changed, and at least each second; ends with the signal. */
  changes(directory: string, signal: AbortSignal): AsyncIterable<void>;
}
export interface LogFile {
  readonly id: string;
  size(): Promise<number>;
  read(from: number, to: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface CgroupConfig {
  readonly cpuShares?: number;
  /** Microseconds a period; absent: no limit. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimit?: number;
  readonly pidsLimit?: number;
}
/** Control groups by the cgroupfs driver, v1 or v2; names are paths from the hierarchy's root, e.g. `/kubepods/burstable/pod1`. */
export interface Cgroups {
  ensure(name: string, config: CgroupConfig): Promise<void>;
  /** Removes the group and those below, in every hierarchy. */
  remove(name: string): Promise<void>;
  /** Names of the groups directly below. */
  children(name: string): Soon<readonly string[]>;
}

/**
 * What changes on the machine, where somebody counts it: while `count` stands, runtime, disk, log files, groups and machine answer what they
 * did before, but for what tells of time passed. Of `untold` things nobody says when they change; while there are any, the count says nothing.
 */
export interface Changes {
  readonly count: number;
  readonly untold: number;
}

export interface MachineInfo {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  /** Go's names. */
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly pidLimit: number;
}
/** Bytes. */
export interface MemoryUse {
  readonly available: number;
  readonly workingSet: number;
  readonly usage: number;
  readonly rss: number;
}
export interface Machine {
  info(): Promise<MachineInfo>;
  memory(): Soon<MemoryUse>;
  /** CPU time since boot, in nanoseconds. */
  cpu(): Promise<number>;
  pids(): Soon<number>;
  /** The node's resolv.conf as it stands. */
  resolvConf(): Promise<string>;
  /** The node's /etc/hosts as it stands. */
  hosts(): Promise<string>;
}

export interface HttpTarget {
  readonly scheme: "HTTP" | "HTTPS";
  /** Where to connect to. */
  readonly host: string;
  readonly port: number;
  /** With its query, sent as it is. */
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}
/** Redirects within the host are followed; one that leads elsewhere is told by `redirected`. */
export interface HttpAnswer {
  readonly status: number;
  /** At most 10 KiB. */
  readonly body: string;
  readonly redirected?: string;
}
/** Connections from the node's network to pods. They reject with the sentence that a probe's event shows. */
export interface Prober {
  http(target: HttpTarget, timeoutMs: number): Promise<HttpAnswer>;
  tcp(host: string, port: number, timeoutMs: number): Promise<void>;
  /** gRPC health checking (grpc.health.v1); the serving status by name. */
  grpc(host: string, port: number, service: string, timeoutMs: number): Promise<string>;
}

/** A request for streams, checked and resolved: which container or sandbox, what to run. */
export type StreamTarget =
  | {
      readonly verb: "exec";
      readonly containerId: string;
      readonly command: readonly string[];
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly tty: boolean;
    }
  | {
      readonly verb: "attach";
      readonly containerId: string;
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly tty: boolean;
    }
  /** `ports` as the query has them; WebSocket clients need them there, SPDY clients name them in each stream's headers. */
  | { readonly verb: "portForward"; readonly sandboxId: string; readonly ports: readonly number[] };

/**
 * Speaks the stream protocols (WebSocket `v5.channel.k8s.io` and older, SPDY/3.1, the tunnel) on an upgradable request and joins
 * them to the runtime's exec, attach and connect. Answers 101 with `takeOver`, or the error.
 */
export interface StreamServer {
  serve(request: HttpRequest, target: StreamTarget): Promise<HttpResponse>;
}
