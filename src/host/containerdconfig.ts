/** The configuration of cox's own containerd, as text. Nothing in it points outside its own directories. */
export interface ContainerdPaths {
  readonly directory: string;
  readonly config: string;
  readonly socket: string;
  readonly root: string;
  readonly state: string;
  readonly log: string;
  readonly pid: string;
  readonly cniConf: string;
  readonly certs: string;
}
/** Unix socket addresses hold 107 bytes; containerd adds `.ttrpc` to its own. */
const SOCKET_PATH = 107 - ".ttrpc".length;

/** Where everything lies below `dataDir`. */
export function containerdPaths(dataDir: string): ContainerdPaths {
  const directory = `${dataDir}/containerd`;
  const socket = `${directory}/c.sock`;
  if (Buffer.byteLength(socket) > SOCKET_PATH) {
    throw new Error(
      `The data directory's path is too long for a socket in it (${SOCKET_PATH - "/containerd/c.sock".length} bytes at most): ${dataDir}`,
    );
  }
  return {
    directory,
    config: `${directory}/config.toml`,
    socket,
    root: `${directory}/root`,
    state: `${directory}/state`,
    log: `${directory}/containerd.log`,
    pid: `${directory}/pid`,
    cniConf: `${dataDir}/cni/net.d`,
    certs: `${directory}/certs.d`,
  };
}

export interface ConfigFacts {
  /** containerd's own version, e.g. 1.6.20 or 2.1.4. */
  readonly version: string;
  readonly runc: string;
  readonly crun: string | undefined;
  readonly cniBin: string;
  readonly pauseImage: string;
  /** False in a container without CAP_SYS_RESOURCE: scores may then not be lowered. */
  readonly mayLowerOomScore: boolean;
}

/** Version 2 of the format for containerd 1.6 and 1.7, version 3 from 2.0 on. */
export function containerdConfig(paths: ContainerdPaths, facts: ConfigFacts): string {
  return Number.parseInt(facts.version, 10) >= 2 ? version3(paths, facts) : version2(paths, facts);
}

const toml = (value: string) => JSON.stringify(value);

function head(version: number, paths: ContainerdPaths): string {
  return `version = ${version}
root = ${toml(paths.root)}
state = ${toml(paths.state)}
${version === 2 ? `disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]\n` : ""}
[grpc]
  address = ${toml(paths.socket)}

[debug]
  level = "warn"

[plugins."io.containerd.internal.v1.opt"]
  path = ${toml(`${paths.root}/opt`)}
`;
}

/** A table a runtime; both programs answer to their own names, crun is the default where it is there. */
function runtimes(prefix: string, paths: ContainerdPaths, facts: ConfigFacts): string {
  const table = (name: string, binary: string) => `
[plugins.${prefix}.containerd.runtimes.${name}]
  runtime_type = "io.containerd.runc.v2"
[plugins.${prefix}.containerd.runtimes.${name}.options]
  BinaryName = ${toml(binary)}
  Root = ${toml(`${paths.state}/${name}`)}
  SystemdCgroup = false
`;
  return table("runc", facts.runc) + (facts.crun === undefined ? "" : table("crun", facts.crun));
}
const defaultRuntime = (facts: ConfigFacts) => (facts.crun === undefined ? "runc" : "crun");

function version2(paths: ContainerdPaths, facts: ConfigFacts): string {
  const cri = '"io.containerd.grpc.v1.cri"';
  return `${head(2, paths)}
[plugins.${cri}]
  sandbox_image = ${toml(facts.pauseImage)}
  restrict_oom_score_adj = ${!facts.mayLowerOomScore}
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  max_container_log_line_size = 16384

[plugins.${cri}.cni]
  bin_dir = ${toml(facts.cniBin)}
  conf_dir = ${toml(paths.cniConf)}

[plugins.${cri}.registry]
  config_path = ${toml(paths.certs)}

[plugins.${cri}.containerd]
  default_runtime_name = ${toml(defaultRuntime(facts))}
  snapshotter = "overlayfs"
${runtimes(cri, paths, facts)}`;
}

function version3(paths: ContainerdPaths, facts: ConfigFacts): string {
  const images = '"io.containerd.cri.v1.images"';
  const runtime = '"io.containerd.cri.v1.runtime"';
  return `${head(3, paths)}
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[plugins.${images}]
  snapshotter = "overlayfs"
[plugins.${images}.pinned_images]
  sandbox = ${toml(facts.pauseImage)}
[plugins.${images}.registry]
  config_path = ${toml(paths.certs)}

[plugins.${runtime}]
  restrict_oom_score_adj = ${!facts.mayLowerOomScore}
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  max_container_log_line_size = 16384
[plugins.${runtime}.cni]
  bin_dir = ${toml(facts.cniBin)}
  conf_dir = ${toml(paths.cniConf)}
[plugins.${runtime}.containerd]
  default_runtime_name = ${toml(defaultRuntime(facts))}
${runtimes(runtime, paths, facts)}`;
}
