/** What a pod knows of names: its hostname, its resolv.conf and its /etc/hosts. */
import type { Pod } from "#kinds/core/v1/pod.ts";
import { ConfigError } from "#kubelet/fields.ts";

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}
export interface ClusterDns {
  readonly domain: string;
  readonly servers: readonly string[];
}

/** Reads a resolv.conf; the last `search` and `options` lines count. */
export function parseResolvConf(content: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of content.split("\n")) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (word === "nameserver" && rest[0]) servers.push(rest[0]);
    else if (word === "search" || word === "domain") searches = rest.filter(s => s !== ".");
    else if (word === "options") options = rest;
  }
  return { servers, searches, options };
}

/** At most this many entries and characters, as the C library takes them. */
const MOST = { servers: 3, searches: 32, searchCharacters: 2048 };

/** The pod's resolver by dnsPolicy and dnsConfig; `node` is the node's own. */
export function dnsOf(pod: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig {
  const policy = pod.spec.dnsPolicy ?? "ClusterFirst";
  const byCluster = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !pod.spec.hostNetwork);
  let { servers, searches, options } = node;
  if (policy === "None") [servers, searches, options] = [[], [], []];
  else if (byCluster && cluster.servers.length > 0) {
    const own = [`${pod.metadata.namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain];
    servers = cluster.servers;
    searches = [...own, ...node.searches];
    options = ["ndots:5"];
  }
  const more = pod.spec.dnsConfig;
  const named = new Map(options.map(o => [o.split(":")[0]!, o]));
  for (const o of more?.options ?? []) named.set(o.name ?? "", o.value ? `${o.name}:${o.value}` : (o.name ?? ""));
  const unique = (list: readonly string[]) => [...new Set(list)];
  const fitting: string[] = [];
  for (const s of unique([...searches, ...(more?.searches ?? [])])) {
    if (fitting.length >= MOST.searches || [...fitting, s].join(" ").length > MOST.searchCharacters) break;
    fitting.push(s);
  }
  return {
    servers: unique([...servers, ...(more?.nameservers ?? [])]).slice(0, MOST.servers),
    searches: fitting,
    options: [...named.values()],
  };
}

export interface HostName {
  /** What the container sees; empty when it shares the node's. */
  readonly sandbox: string;
  readonly name: string;
  readonly domain: string;
}
/** Hostname and domain; throws ConfigError when the whole name is longer than the kernel takes. */
export function hostNameOf(pod: Pod, clusterDomain: string): HostName {
  const { hostname, subdomain, setHostnameAsFQDN, hostnameOverride, hostNetwork } = pod.spec;
  if (hostnameOverride && !hostNetwork) return { sandbox: hostnameOverride, name: hostnameOverride, domain: "" };
  const name = hostname || (pod.metadata.name ?? "").slice(0, 63).replace(/[-.]+$/, "");
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : "";
  let sandbox = name;
  if (setHostnameAsFQDN && domain) {
    sandbox = `${name}.${domain}`;
    if (sandbox.length > 64)
      throw new ConfigError(
        `failed to construct FQDN from pod hostname and cluster domain, FQDN ${sandbox} is too long (64 characters is the max, ${sandbox.length} characters requested)`,
      );
  }
  return { sandbox: hostNetwork ? "" : sandbox, name, domain };
}

const HEADER = "# Kubernetes-managed hosts file.\n";
const HEADER_HOST_NETWORK = "# Kubernetes-managed hosts file (host network).\n";
const FIXED = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

/** /etc/hosts of a pod's containers. `nodeHosts` is the node's own file, which pods on its network see. */
export function hostsFile(pod: Pod, podIps: readonly string[], host: HostName, nodeHosts: string): string {
  let out: string;
  if (pod.spec.hostNetwork) out = HEADER_HOST_NETWORK + nodeHosts;
  else {
    const own = podIps.map(ip => (host.domain ? `${ip}\t${host.name}.${host.domain}\t${host.name}` : `${ip}\t${host.name}`));
    out = `${HEADER + [...FIXED, ...own].join("\n")}\n`;
  }
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length > 0)
    out += `\n# Entries added by HostAliases.\n${aliases.map(a => `${[a.ip, ...(a.hostnames ?? [])].join("\t")}\n`).join("")}`;
  return out;
}
