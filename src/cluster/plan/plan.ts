/**
 * What a change would do to a cluster, without doing it: the cluster's state goes on in the simulator, once as it is and once with the
 * change, until each is at rest; the difference is the answer. Nothing of the cluster itself is written.
 */
import { prefixOf } from "#apiserver/keys.ts";
import { objectOf } from "#apiserver/record.ts";
import { seededChance } from "#base/chance.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { Cluster } from "#cluster/create/cluster.ts";
import type { ClusterHost } from "#cluster/create/options.ts";
import type { Snapshot } from "#cluster/create/snapshot.ts";
import { createClusterOn } from "#cluster/create.ts";
import { knownTrouble, machineOf } from "#cluster/plan/machine.ts";
import { type Effect, effects, idOf, type Objects } from "#cluster/plan/outcome.ts";
import type { State } from "#cluster/plan/state.ts";
import type { SimulatedPlace } from "#cluster/simulated.ts";
import { kinds } from "#kinds/all.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Entry } from "#store/contract.ts";

export interface Plan {
  readonly effects: readonly Effect[];
  /** What would also happen without the change, by itself. */
  readonly anyway: readonly Effect[];
  /** Why it did not come to rest, if it did not. */
  readonly restless?: string;
}
/** Virtual time that a cluster has to come to rest, and for which nothing is written then: longer than any loop waits before it acts. */
const WITHIN = "1h";
const QUIET = "90s";

/** `change` is carried out on the copy: `cluster => cluster.apply(yaml)`. Rejects with what it rejects with. */
export async function planOf(host: ClusterHost, state: State, change: (copy: Cluster) => Promise<unknown>): Promise<Plan> {
  const begun = snapshotOf(state, host.clock.now());
  const pods = objectsOf(Pod, state.entries);
  const trouble = knownTrouble(pods);
  const images = Object.fromEntries(
    pods
      .flatMap(p => [...(p.spec.initContainers ?? []), ...p.spec.containers])
      .flatMap(({ image = "" }) => {
        const script = trouble(image);
        return script ? [[image, () => script]] : [];
      }),
  );
  // what the nodes keep back from pods, thresholds included, is what their objects say
  const asItIs = await createClusterOn(host, { from: begun, images, kubelet: { evictionHard: {} } });
  const opened = [asItIs];
  try {
    const before = await objects(asItIs);
    await rested(asItIs);
    const changed = await asItIs.fork();
    opened.push(changed);
    const without = await objects(asItIs);
    const from = changed.history().length;
    await change(changed);
    const restless = await rested(changed);
    const history = changed.history().slice(from);
    const after = await objects(changed);
    return { effects: effects(without, after, history), anyway: effects(before, without, asItIs.history()), ...(restless && { restless }) };
  } finally {
    for (const cluster of opened) await cluster.close();
  }
}

async function rested(cluster: Cluster): Promise<string | undefined> {
  try {
    await cluster.settled({ within: WITHIN, quiet: QUIET });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Every object that is listed, by kind, namespace and name. */
async function objects(cluster: Cluster): Promise<Objects> {
  const out = new Map<string, { kind: Kind; object: KubeObject }>();
  for (const kind of kinds) {
    if (!kind.verbs.includes("list") || kind.storedAs) continue;
    const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
    const { items } = await cluster.client.list({ apiVersion, kind: kind.kind } as { apiVersion: "v1"; kind: "Pod" });
    for (const object of items) {
      const { name = "", namespace = "" } = object.metadata;
      out.set(idOf({ kind, namespace, name }), { kind, object });
    }
  }
  return out;
}

function objectsOf<T extends KubeObject>(kind: Kind<T>, entries: readonly Entry[]): T[] {
  const prefix = prefixOf(kind);
  return entries.filter(e => e.key.startsWith(prefix)).map(e => objectOf(kind, e.value, e.modRevision));
}

/** The cluster of a state as one that the simulator can take up: its nodes by their size, its containers by their pods' statuses. */
function snapshotOf({ revision, entries, network }: State, now: number): Snapshot {
  const pods = objectsOf(Pod, entries);
  const nodes = objectsOf(Node, entries);
  const seed = 1;
  const machines = nodes.map(node => {
    const name = node.metadata.name ?? "";
    const own = pods.filter(p => p.spec.nodeName === name);
    const root = `/simulated/${name}`;
    const setting = {
      roots: { root, memory: root, logs: `${root}/logs` },
      dns: { domain: network.clusterDomain, servers: [] },
      cgroupRoot: "",
      seccompRoot: `${root}/seccomp`,
      memoryCapacity: placeOf(node).memoryBytes,
      nodeDns: { servers: [], searches: [], options: [] },
    };
    return [name, machineOf(own, setting)] as const;
  });
  return {
    format: 1,
    seed,
    nodes: nodes.length,
    now,
    elapsed: 0,
    chance: seededChance(seed).state(),
    store: { revision, entries, leases: [], lastLease: 0 },
    off: [],
    machines: Object.fromEntries(machines),
    history: { deeds: [], writes: [] },
    places: nodes.map(placeOf),
    network,
  };
}
function placeOf({ metadata, status }: Node): SimulatedPlace {
  const of = (amounts: Readonly<Record<string, unknown>> | undefined, resource: string, otherwise: number) => {
    const said = amounts?.[resource];
    return said === undefined ? otherwise : Number(parseQuantity(String(said)).nanos) / 1e9;
  };
  const capacity = (resource: string, otherwise: number) => of(status.capacity, resource, otherwise);
  const kept = (resource: string, whole: number) => whole - of(status.allocatable, resource, whole);
  const address = (type: string) => status.addresses?.find(a => a.type === type)?.address;
  const name = metadata.name ?? "";
  const cpus = capacity("cpu", 1);
  const memoryBytes = capacity("memory", 1024 ** 3);
  const diskBytes = capacity("ephemeral-storage", 0);
  const { kernelVersion, osImage, machineID, systemUUID, bootID, operatingSystem, architecture } = status.nodeInfo ?? {};
  return {
    name,
    address: address("InternalIP") ?? "198.18.0.1",
    cpus,
    memoryBytes,
    maxPods: capacity("pods", 110),
    diskBytes,
    reserved: {
      milliCpu: Math.round(kept("cpu", cpus) * 1000),
      memoryBytes: kept("memory", memoryBytes),
      storageBytes: kept("ephemeral-storage", diskBytes),
    },
    info: {
      hostname: address("Hostname") ?? name,
      ...(kernelVersion && { kernelVersion }),
      ...(osImage && { osImage }),
      ...(machineID && { machineId: machineID }),
      ...(systemUUID && { systemUuid: systemUUID }),
      ...(bootID && { bootId: bootID }),
      ...(operatingSystem && { operatingSystem }),
      ...(architecture && { architecture }),
    },
  };
}
