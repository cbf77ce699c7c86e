/** The kubelet's other ports for a simulated node: a machine of a given size, a disk and groups that keep records only, probes that succeed. */
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpResponse } from "#base/http.ts";
import type { Cgroups, Disk, LogFiles, Machine, MachineInfo, PayloadFile, Prober, StreamServer } from "#kubelet/ports.ts";
import { type Ailments, well } from "#sim/ailments.ts";

export interface SimulatedMachineOptions {
  readonly hostname: string;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** What else it says of itself, in place of what a simulated machine says. */
  readonly info?: Partial<MachineInfo> | undefined;
  readonly ailments?: Ailments;
  /** Bytes of memory that its containers use. */
  readonly used?: () => number;
}
const GIB = 1024 ** 3;
const PID_LIMIT = 32768;
const INODES = { inodes: 1_000_000, inodesFree: 900_000 };
/** The part of a disk that is free. */
const FREE = 0.8;

export function simulatedMachine({
  hostname,
  cpus = 4,
  memoryBytes = 16 * GIB,
  info = {},
  ailments = well(),
  used = () => 0,
}: SimulatedMachineOptions): Machine {
  return {
    info: async () => ({
      hostname,
      cpus,
      memoryBytes,
      swapBytes: 0,
      kernelVersion: "simulated",
      osImage: "Simulated",
      machineId: hostname,
      systemUuid: hostname,
      bootId: hostname,
      operatingSystem: "linux",
      architecture: "amd64",
      pidLimit: PID_LIMIT,
      ...info,
    }),
    memory: () => {
      const usage = memoryBytes / 2 + used();
      return { available: ailments.memory ? 0 : Math.max(0, memoryBytes - usage), workingSet: usage, usage, rss: memoryBytes / 4 };
    },
    cpu: async () => 0,
    pids: () => (ailments.pids ? PID_LIMIT : 100),
    resolvConf: async () => "nameserver 127.0.0.1\n",
    hosts: async () => "127.0.0.1\tlocalhost\n",
  };
}

export interface SimulatedDisk extends Disk {
  /** Files of payload volumes, by their directory. */
  readonly payloads: ReadonlyMap<string, readonly PayloadFile[]>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}
export interface SimulatedDiskOptions {
  /** Bytes. */
  readonly capacity?: number | undefined;
  readonly ailments?: Ailments;
  /** Bytes that its containers have written. */
  readonly used?: () => number;
  /** Those below a directory. */
  readonly size?: (path: string) => number;
}
/** Remembers payloads and files; makes and mounts nothing. */
export function simulatedDisk({
  capacity = 100 * GIB,
  ailments = well(),
  used = () => 0,
  size = () => 0,
}: SimulatedDiskOptions = {}): SimulatedDisk {
  const payloads = new Map<string, readonly PayloadFile[]>();
  const files = new Map<string, Uint8Array>();
  const below = (at: string) => (path: string) => path === at || path.startsWith(`${at}/`);
  return {
    payloads,
    files,
    prepare: async () => undefined,
    makeDirectory: async () => undefined,
    mountTmpfs: async () => undefined,
    writePayload: async (directory, content) => {
      const text = (list: readonly PayloadFile[] | undefined) => JSON.stringify(list?.map(f => ({ ...f, bytes: f.bytes.toHex() })));
      if (text(payloads.get(directory)) === text(content)) return false;
      payloads.set(directory, content);
      return true;
    },
    giveToGroup: async () => undefined,
    hostPath: async () => undefined,
    bindSubPath: async (volume, subPath) => `${volume}/${subPath}`,
    writeFile: async (path, bytes) => {
      files.set(path, bytes);
    },
    readTail: async (path, most) => files.get(path)?.slice(-most),
    list: () => [],
    remove: async at => {
      const inside = below(at);
      for (const map of [payloads, files]) for (const path of map.keys()) if (inside(path)) map.delete(path);
    },
    usage: () => ({ capacity, available: ailments.disk ? 0 : Math.max(0, capacity * FREE - used()), ...INODES }),
    size: async path => size(path),
  };
}

export interface SimulatedCgroups extends Cgroups {
  readonly names: ReadonlySet<string>;
}
export function simulatedCgroups(): SimulatedCgroups {
  const names = new Set<string>();
  return {
    names,
    ensure: async name => {
      names.add(name);
    },
    remove: async name => {
      names.delete(name);
    },
    children: () => [],
  };
}

/** Every probe succeeds, unless `fails` says why not: it is asked with `http|tcp|grpc HOST:PORT[PATH]`. */
export function simulatedProber(fails: (what: string) => string | undefined = () => undefined): Prober {
  const check = (what: string) => {
    const why = fails(what);
    if (why !== undefined) throw new Error(why);
  };
  return {
    http: async ({ host, port, path }) => {
      check(`http ${host}:${port}${path}`);
      return { status: 200, body: "ok" };
    },
    tcp: async (host, port) => check(`tcp ${host}:${port}`),
    grpc: async (host, port) => {
      check(`grpc ${host}:${port}`);
      return "SERVING";
    },
  };
}

/** Log files whose content `at` knows by their path; it only ever grows. */
export function simulatedLogFiles(clock: Clock, at: (path: string) => Uint8Array | undefined): LogFiles {
  return {
    size: path => at(path)?.length,
    list: async () => [],
    open: async path => {
      const opened = at(path);
      if (opened === undefined) return undefined;
      const bytes = () => at(path) ?? opened;
      return {
        id: path,
        size: async () => bytes().length,
        read: async (from, to) => bytes().slice(from, to),
        close: async () => undefined,
      };
    },
    rename: async () => undefined,
    compress: async () => undefined,
    remove: async () => undefined,
    changes: async function* (_directory, signal) {
      while (!signal.aborted) {
        await clock.sleep(1000, signal).catch(() => undefined);
        yield;
      }
    },
  };
}
export const noStreams: StreamServer = {
  serve: async (): Promise<HttpResponse> => ({
    status: 501,
    headers: { "content-type": "text/plain" },
    body: utf8("a simulated node has no containers to connect to"),
  }),
};
