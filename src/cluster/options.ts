/** What a cluster can be told, with defaults; from flags, a config file, and what an earlier start of the same data settled. */
import type { Retention } from "#apiserver/compactor.ts";
import { overlap, parseCidr, subrangeCount } from "#base/cidr.ts";
import { parseCron } from "#base/cron.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "#base/names.ts";
import { parseQuantity } from "#base/quantity.ts";
import { parseDuration } from "#base/time.ts";
import { evictionOf } from "#cluster/evictionoptions.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { NODE_PREFIX } from "#cluster/ranges.ts";

export interface ClusterOptions {
  readonly dataDir: string;
  /** The API's port. */
  readonly port: number;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
  readonly clusterDomain: string;
  readonly nodeName: string;
  /** Nodes without containers, instead of this machine. */
  readonly simulated: boolean;
  /** How many simulated nodes. */
  readonly nodes: number;
  /** What plays simulated nodes instead of kubelets: "fast", files of Stages, with commas between them; "": kubelets do. */
  readonly stages: string;
  /** For how long, and for how many bytes of writes, the past can be read: "1h", "512Mi". */
  readonly historyAge: string;
  readonly historySize: string;
  /** An EncryptionConfiguration; "": keys of the cluster's own. */
  readonly encryptionProviderConfig: string;
  /** When snapshots are taken, as cron says it; "none": never. */
  readonly snapshotSchedule: string;
  /** How many of them are kept. */
  readonly snapshotRetention: number;
  /** Where they go: a folder or s3://BUCKET/PREFIX; "": a folder beside the store. */
  readonly snapshotTo: string;
  /** A file with the key that they are encrypted with; "": they are not. */
  readonly snapshotKeyFile: string;
  /** When nodes evict pods, as kubelets are told it by their flags of these names; absent: upstream's defaults. */
  readonly evictionHard?: string;
  readonly evictionSoft?: string;
  readonly evictionSoftGracePeriod?: string;
  readonly evictionMinimumReclaim?: string;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod?: number;
  readonly evictionPressureTransitionPeriod?: string;
  /** URLs of an etcd's members, with commas between them; absent: the store is on this machine's disk. */
  readonly datastoreEndpoint?: string;
  /** Files in PEM: who vouches for the etcd, and by what it knows us. */
  readonly datastoreCafile?: string;
  readonly datastoreCertfile?: string;
  readonly datastoreKeyfile?: string;
  /** The secret under which control planes on one etcd share their keys. */
  readonly token?: string;
}
export type NamedOptions = ClusterOptions & {
  /** The cluster's own name on this machine, in tables, cgroups and the like. */
  readonly id: string;
  /** An earlier start has settled whether nodes are simulated, or a person has: what fails is told, not evaded. */
  readonly settled: boolean;
};
/** What may not change once a cluster has started on a data directory. */
const SETTLED = ["serviceCidr", "clusterCidr", "clusterDomain", "nodeName", "nodes"] as const;

interface OptionSpec {
  readonly flag: string;
  readonly argument?: string;
  readonly says: string;
  readonly number?: boolean;
}
/** Flags of `cox up`. */
export const OPTIONS: Readonly<Record<keyof ClusterOptions, OptionSpec>> = {
  dataDir: { flag: "--data-dir", argument: "DIR", says: "where the cluster lives" },
  port: { flag: "--port", argument: "PORT", says: "the API's port (6443)", number: true },
  serviceCidr: { flag: "--service-cidr", argument: "CIDR", says: "addresses of services (10.96.0.0/16)" },
  clusterCidr: { flag: "--cluster-cidr", argument: "CIDR", says: "addresses of pods (10.244.0.0/16)" },
  clusterDomain: { flag: "--cluster-domain", argument: "NAME", says: "the domain of the cluster's names (cluster.local)" },
  nodeName: { flag: "--node-name", argument: "NAME", says: "this node's name (the host's)" },
  simulated: { flag: "--simulated", says: "nodes without containers: everything works but what is inside of them" },
  snapshotSchedule: {
    flag: "--snapshot-schedule",
    argument: "CRON",
    says: 'when snapshots of the store are taken, or "none" (0 */12 * * *)',
  },
  snapshotRetention: { flag: "--snapshot-retention", argument: "N", says: "how many of these snapshots are kept (5)", number: true },
  snapshotTo: { flag: "--snapshot-to", argument: "PLACE", says: "where they go: a folder, or s3://BUCKET/PREFIX (DIR/snapshots)" },
  snapshotKeyFile: { flag: "--snapshot-key-file", argument: "FILE", says: "encrypt them with the key in this file (they are not)" },
  nodes: { flag: "--nodes", argument: "N", says: "how many simulated nodes, node-1 and so on (1)", number: true },
  stages: {
    flag: "--stages",
    argument: "FILES",
    says: 'kwok\'s Stages play the simulated nodes and pods, without kubelets: files with commas between them; "fast" are those built in',
  },
  historyAge: { flag: "--history-age", argument: "TIME", says: "for how long the past can be read (1h)" },
  historySize: { flag: "--history-size", argument: "SIZE", says: "for how many bytes of writes the past can be read (512Mi)" },
  encryptionProviderConfig: {
    flag: "--encryption-provider-config",
    argument: "FILE",
    says: "upstream's EncryptionConfiguration: what is sealed in the store, by which keys (Secrets, by keys of the cluster's own)",
  },
  evictionHard: {
    flag: "--eviction-hard",
    argument: "LIST",
    says: "what a node is short below, as kubelets are told it: memory.available<100Mi,nodefs.available<10% (upstream's)",
  },
  evictionSoft: { flag: "--eviction-soft", argument: "LIST", says: "the same, when it has lasted for a grace period (none)" },
  evictionSoftGracePeriod: {
    flag: "--eviction-soft-grace-period",
    argument: "LIST",
    says: "how long, for each of these: memory.available=1m30s",
  },
  evictionMinimumReclaim: {
    flag: "--eviction-minimum-reclaim",
    argument: "LIST",
    says: "how much more than that must be there before evictions end: memory.available=500Mi (0)",
  },
  evictionMaxPodGracePeriod: {
    flag: "--eviction-max-pod-grace-period",
    argument: "SECONDS",
    says: "how long a pod is given at most that is evicted below a soft one (0)",
    number: true,
  },
  evictionPressureTransitionPeriod: {
    flag: "--eviction-pressure-transition-period",
    argument: "TIME",
    says: "for how long a node still says that it is short when it no longer is (5m)",
  },
  datastoreEndpoint: {
    flag: "--datastore-endpoint",
    argument: "URLS",
    says: "an etcd instead of the store on this machine's disk: https://a:2379,https://b:2379",
  },
  datastoreCafile: { flag: "--datastore-cafile", argument: "FILE", says: "certificates that vouch for the etcd" },
  datastoreCertfile: { flag: "--datastore-certfile", argument: "FILE", says: "the certificate by which the etcd knows us" },
  datastoreKeyfile: { flag: "--datastore-keyfile", argument: "FILE", says: "the key to that certificate" },
  token: {
    flag: "--token",
    argument: "TOKEN",
    says: "the secret that control planes on one etcd share (made by the first, in its data directory's file token)",
  },
};

/** Keys of the config file; the data directory is not among them, as every command must be told of it. */
export const CONFIG_KEYS: readonly string[] = Object.keys(OPTIONS).filter(key => key !== "dataDir");

/** Where a start finds itself. */
export interface Surroundings {
  readonly dataDir: string;
  readonly hostname: string;
  /** Why there can be no containers here, in a few words; undefined: nothing known speaks against them. */
  readonly unable: string | undefined;
}

/** Defaults, then what was settled, then the config file, then flags; checked. */
export function resolveOptions(
  base: Surroundings,
  settled: Partial<ClusterOptions>,
  file: Readonly<Record<string, unknown>>,
  flags: Partial<ClusterOptions>,
): ClusterOptions {
  const fromFile: Partial<Record<keyof ClusterOptions, unknown>> = {};
  for (const [key, value] of Object.entries(file)) {
    if (!CONFIG_KEYS.includes(key)) throw new OptionError(`config file: unknown key "${key}" (known: ${CONFIG_KEYS.join(", ")})`);
    const wanted = OPTIONS[key as keyof ClusterOptions].number ? "number" : key === "simulated" ? "boolean" : "string";
    if (typeof value !== wanted) throw new OptionError(`config file: ${key} must be a ${wanted}, not ${JSON.stringify(value)}`);
    fromFile[key as keyof ClusterOptions] = value;
  }
  const asked = { ...(fromFile as Partial<ClusterOptions>), ...flags };
  // an empty endpoint takes back what an earlier start was told
  const kept = asked.datastoreEndpoint === "" ? withoutDatastore(settled) : settled;
  if (asked.datastoreEndpoint === "") delete asked.datastoreEndpoint;
  for (const key of SETTLED) {
    if (settled[key] === undefined || asked[key] === undefined || asked[key] === settled[key]) continue;
    throw new OptionError(
      `${OPTIONS[key].flag} is ${settled[key]} for the cluster in ${base.dataDir} and cannot become ${asked[key]}: reset it first`,
    );
  }
  const simulated = simulatedOf(base, settled.simulated, asked.simulated);
  const options: ClusterOptions = {
    dataDir: base.dataDir,
    port: 6443,
    serviceCidr: "10.96.0.0/16",
    clusterCidr: "10.244.0.0/16",
    clusterDomain: "cluster.local",
    nodeName: base.hostname.toLowerCase(),
    nodes: 1,
    stages: "",
    historyAge: "1h",
    historySize: "512Mi",
    encryptionProviderConfig: "",
    snapshotSchedule: "0 */12 * * *",
    snapshotRetention: 5,
    snapshotTo: "",
    snapshotKeyFile: "",
    ...kept,
    ...asked,
    simulated,
  };
  check(options);
  return options;
}

/** How much of the past is kept; throws OptionError. */
export function retentionOf(o: Pick<ClusterOptions, "historyAge" | "historySize">): Retention {
  const age = parseDuration(o.historyAge);
  if ("problem" in age || age.ms < 0) throw new OptionError(`--history-age ${o.historyAge}: not a time such as 90m`);
  let bytes: number;
  try {
    bytes = parseQuantity(o.historySize).value();
  } catch {
    bytes = -1;
  }
  if (!(bytes >= 0)) throw new OptionError(`--history-size ${o.historySize}: not a size such as 512Mi`);
  return { age: age.ms, bytes };
}
function withoutDatastore(settled: Partial<ClusterOptions>): Partial<ClusterOptions> {
  const { datastoreEndpoint: _e, datastoreCafile: _ca, datastoreCertfile: _c, datastoreKeyfile: _k, ...kept } = settled;
  return kept;
}
/** Throws OptionError where an etcd is not named as it must be. */
export function checkDatastore(
  o: Pick<ClusterOptions, "datastoreEndpoint" | "datastoreCafile" | "datastoreCertfile" | "datastoreKeyfile">,
): void {
  const fail = (key: keyof typeof o, why: string): never => {
    throw new OptionError(`${OPTIONS[key].flag} ${String(o[key])}: ${why}`);
  };
  for (const url of o.datastoreEndpoint === undefined ? [] : endpointsOf(o.datastoreEndpoint))
    if (!/^https?:\/\/[^/?#@]+:\d+\/?$/.test(url))
      fail("datastoreEndpoint", "must be like https://host:2379, or several with commas between them");
  for (const key of ["datastoreCafile", "datastoreCertfile", "datastoreKeyfile"] as const)
    if (o[key] !== undefined && o.datastoreEndpoint === undefined) fail(key, `is of no use without ${OPTIONS.datastoreEndpoint.flag}`);
  if ((o.datastoreCertfile === undefined) !== (o.datastoreKeyfile === undefined))
    fail("datastoreCertfile", `and ${OPTIONS.datastoreKeyfile.flag} go together`);
}
/** The members' URLs. */
export function endpointsOf(datastoreEndpoint: string): readonly string[] {
  return datastoreEndpoint.split(",").map(url => url.trim());
}

/** What kind of nodes a cluster has is settled by its first start. */
function simulatedOf(base: Surroundings, settled: boolean | undefined, asked: boolean | undefined): boolean {
  if (settled !== undefined && asked !== undefined && asked !== settled) {
    const [has, cannot] = settled ? ["simulated nodes", "real ones"] : ["real containers", "simulated nodes"];
    throw new OptionError(`the cluster in ${base.dataDir} has ${has} and cannot get ${cannot}: reset it first, or use another --data-dir`);
  }
  const known = settled ?? asked;
  if (known === false && base.unable) {
    throw new OptionError(`the cluster in ${base.dataDir} is to have real containers, and that cannot be here: ${base.unable}`);
  }
  return known ?? base.unable !== undefined;
}

function check(o: ClusterOptions): void {
  const fail = (key: keyof ClusterOptions, why: string): never => {
    throw new OptionError(`${OPTIONS[key].flag} ${String(o[key])}: ${why}`);
  };
  if (!Number.isInteger(o.port) || o.port < 1 || o.port > 65535) fail("port", "a port is a number from 1 to 65535");
  if (!Number.isInteger(o.nodes) || o.nodes < 1 || o.nodes > 5000) fail("nodes", "from 1 to 5000");
  if (!Number.isInteger(o.snapshotRetention) || o.snapshotRetention < 1) fail("snapshotRetention", "at least one must be kept");
  if (o.snapshotSchedule !== "none") checkSchedule(o.snapshotSchedule, why => fail("snapshotSchedule", why));
  const services = parseCidr(o.serviceCidr) ?? fail("serviceCidr", "not an address range such as 10.96.0.0/16");
  const pods = parseCidr(o.clusterCidr) ?? fail("clusterCidr", "not an address range such as 10.244.0.0/16");
  if (services.prefix > 28 || services.prefix < 12) fail("serviceCidr", "its prefix must be from /12 to /28");
  if (pods.prefix > NODE_PREFIX)
    fail("clusterCidr", `its prefix must be /${NODE_PREFIX} or shorter: each node takes a /${NODE_PREFIX} of it`);
  if (!o.simulated && o.nodes > 1) fail("nodes", "this machine is one node; more are simulated ones so far (--simulated)");
  if (!o.simulated && o.stages !== "") fail("stages", "is of no use without --simulated");
  const most = subrangeCount(pods, NODE_PREFIX);
  if (o.nodes > most) fail("nodes", `${o.clusterCidr} has addresses for ${most}: each node takes a /${NODE_PREFIX} of it (--cluster-cidr)`);
  if (overlap(services, pods)) fail("clusterCidr", `it overlaps the services' range ${o.serviceCidr}`);
  retentionOf(o);
  checkEviction(o);
  const name = dnsSubdomainProblems(o.nodeName)[0];
  if (name) fail("nodeName", name);
  checkDatastore(o);
  if (o.token !== undefined && o.token.length < 16) fail("token", "must have at least 16 characters");
  for (const label of o.clusterDomain.split(".")) {
    const problem = dnsLabelProblems(label)[0];
    if (problem) fail("clusterDomain", problem);
  }
}

function checkEviction(o: ClusterOptions): void {
  try {
    evictionOf(o);
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}
function checkSchedule(schedule: string, fail: (why: string) => void): void {
  try {
    parseCron(schedule);
  } catch (error) {
    fail((error as Error).message);
  }
}
