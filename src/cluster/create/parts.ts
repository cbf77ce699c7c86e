/** What a cluster is made of: store, control planes, machines, and the network between them on which faults happen. */
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Witness } from "#apiserver/registry.ts";
import { type SeededChance, seededChance } from "#base/chance.ts";
import type { Handler, Identity } from "#base/http.ts";
import { type Log, silentLog } from "#base/log.ts";
import { restRead } from "#base/reading.ts";
import { failure } from "#base/status.ts";
import { actingAs, createClient } from "#client/http.ts";
import { component } from "#cluster/controlplane.ts";
import { scriptOf } from "#cluster/create/images.ts";
import { type ClusterHost, type ClusterOptions, type Settings, settingsOf } from "#cluster/create/options.ts";
import { carried, request } from "#cluster/create/reach.ts";
import type { Network } from "#cluster/create/snapshot.ts";
import { Time } from "#cluster/create/time.ts";
import { History } from "#cluster/history.ts";
import { type Planes, startPlanes } from "#cluster/planes.ts";
import type { PlayedNodes } from "#cluster/played.ts";
import { startSimulated } from "#cluster/simulated.ts";
import { type VirtualClock, virtualClock } from "#sim/clock.ts";
import type { Injector } from "#sim/faults/injector.ts";
import type { Checker } from "#sim/invariants/checker.ts";
import type { ProcessLife } from "#sim/life.ts";
import { Link } from "#sim/link.ts";
import { simulatedSigner } from "#sim/signer.ts";
import { type Storage, storageInMemory } from "#sim/storage.ts";
import { Traffic } from "#sim/traffic.ts";

export interface ClusterParts {
  readonly settings: Settings;
  readonly host: ClusterHost;
  readonly log: Log;
  readonly network: Network;
  readonly clock: VirtualClock;
  readonly time: Time;
  readonly chance: SeededChance;
  readonly storage: Storage;
  readonly history: History;
  readonly link: Link;
  /** The network between pods. */
  readonly traffic: Traffic;
  readonly planes: Planes;
  /** Undefined: there are no nodes. */
  readonly simulated: PlayedNodes | undefined;
  readonly checks: Checker | undefined;
  /** Undefined: the cluster was made without faults. */
  readonly faults: Injector | undefined;
  /** Loops that have work now, each with what it has. */
  busy(): readonly string[];
}

const NETWORK: Network = { clusterDomain: "cluster.local", serviceCidr: "10.96.0.0/16", clusterCidr: "10.0.0.0/9" };
/** What a seed is mixed with for the disk below the store. */
const DISK = 0xd15c;
/** Virtual milliseconds in which nodes become ready. */
export const START = 60_000;

/** Resolves when the control plane serves and every node is ready; rejects with one sentence that names the option or who is late. */
export async function makeParts(host: ClusterHost, options: ClusterOptions): Promise<ClusterParts> {
  const settings = await settingsOf(options);
  const { startStaged, storageOnDisk, injector, checker } = await wantedOf(settings);
  const { from, seed, log = silentLog } = settings;
  const network = from?.network ?? NETWORK;
  const rest = () => restRead(host.rest);
  const clock = virtualClock(settings.begins, { elapsed: from?.elapsed ?? 0, rest });
  const time = new Time({ clock, real: host.clock, rest, log });
  const chance = seededChance(from?.chance ?? seed);
  const opening = storageOnDisk?.(clock, seed ^ DISK, from?.store) ?? Promise.resolve(storageInMemory(clock, from?.store));
  const storage = await time.during(opening, START, () => "the store did not open");
  const history = new History(clock.now, from?.history);
  const link = new Link(clock, settings.faults !== undefined);
  let simulated: PlayedNodes | undefined;

  /** Revisions of deletions that a DELETE asked for; kept while invariants are looked at. */
  const deletions = new Set<number>();
  const checks = checker?.({
    invariants: settings.checked,
    store: storage.store,
    link,
    now: clock.now,
    runsOn: uid => simulated?.all.filter(m => m.runtime.runs(uid)).map(m => m.name) ?? [],
    isRequestedDeletion: revision => deletions.has(revision),
  });
  const witness: Witness = (write, did, key, name, revision, record) => {
    history.witness(write, did, key, name, revision, record);
    if (checks && did === "delete" && write.manager === "" && write.subresource === "") deletions.add(revision);
  };
  const nowhere = new Traffic(clock, () => undefined);
  const traffic = () => simulated?.traffic ?? nowhere;
  const kubeletOf = (name: string): Handler => {
    const handle = simulated?.kubeletOf(name);
    if (!handle) throw failure(503, "ServiceUnavailable", `the kubelet of node "${name}" cannot be reached`);
    return request => handle({ ...request, identity: component("kube-apiserver", MASTERS) });
  };
  const beginning = startPlanes({
    count: settings.controlPlanes ?? 1,
    link,
    parts: {
      ...network,
      get store() {
        return storage.store;
      },
      clock,
      chance,
      log,
      signer: simulatedSigner(seed),
      rootCa: "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n",
      address: "198.18.0.1",
      port: 6443,
      platform: "linux/amd64",
      connect: {
        kubeletOf,
        addressOf: to => request => carried(traffic(), to, request),
      },
      witness,
    },
  });
  const planes = await time.during(beginning, START, () => "the control plane did not start");
  storage.onLost(() => {
    for (const plane of planes.all) plane.stop();
  });
  storage.onOpened(store => checks?.follow(store));
  const busy = () => [...planes.busy(), ...(simulated?.busy() ?? [])];
  if (settings.nodes > 0) {
    simulated = playedNodes({ settings, host, network, planes, link, clock, chance, log }, startStaged);
    await time.during(simulated.ready, START, () => `not every node became ready: ${busy().join("; ")}`);
  }
  const nodes = simulated?.names.map(name => simulated!.node(name)) ?? [];
  const faults = injector?.({ clock, link, traffic: traffic(), nodes, machines: simulated?.all ?? [], planes: planes.all, storage }, seed);
  faults?.add(settings.faults ?? []);
  return {
    ...{ settings, host, log, network, clock, time, chance, storage, history, link, planes, simulated, checks, faults, busy },
    traffic: traffic(),
  };
}

/**
 * What only some clusters are made of. It is read before anything begins: how long that takes is left to the machine, and nothing that
 * happens afterwards may be.
 */
async function wantedOf({ played, store, faults, checked }: Settings) {
  return {
    startStaged: played && (await import("#cluster/staged.ts")).startStaged,
    storageOnDisk: store === "disk" ? (await import("#sim/storageondisk.ts")).storageOnDisk : undefined,
    checker: checked.length > 0 ? (await import("#sim/invariants/checker.ts")).checker : undefined,
    injector: faults && (await import("#sim/faults/injector.ts")).injector,
  };
}

type Wanted = Awaited<ReturnType<typeof wantedOf>>;

type NodesParts = Pick<ClusterParts, "settings" | "host" | "network" | "planes" | "link" | "clock" | "chance" | "log">;
/** Kubelets over simulated machines, or stages in their place. */
function playedNodes(
  { settings, host, network, planes, link, clock, chance, log }: NodesParts,
  startStaged: Wanted["startStaged"],
): PlayedNodes {
  const { from, nodes, played: stages, images = {} } = settings;
  const way = { views: planes.views, domain: network.clusterDomain, chance };
  const clientOf = (user: Identity, userAgent: string, process: string, life?: ProcessLife) =>
    createClient(link.join(process, actingAs(planes.handle, user), life), { userAgent, clock, values: true, identity: user });
  const played = { plane: planes, options: { ...network, nodes, nodeName: "node-1" }, clock, chance, log, off: from?.off };
  if (stages && startStaged) return startStaged({ ...played, client: clientOf(component("stages", MASTERS), "stages", "stages"), stages });
  return startSimulated({
    ...played,
    clientFor: (name, life) => clientOf(component(`node:${name}`, "system:nodes"), "kubelet", `kubelet/${name}`, life),
    streams: host.streams,
    scriptOf: (container, pod, { running, clock, send }) => {
      const namespace = pod?.metadata.namespace ?? "";
      return scriptOf(images, container, pod, {
        running,
        clock,
        fetch: (url, options) => request({ ...way, namespace, send }, url, options),
      });
    },
    places: from?.places,
    machines: from?.machines,
    eviction: settings.eviction,
    apart: settings.faults !== undefined,
  });
}

/** Ends everything in order; nothing is left. */
export async function endParts({ time, checks, simulated, planes, storage, busy }: ClusterParts): Promise<void> {
  if (!time.open) return;
  await time.end();
  const ended = async () => {
    checks?.close();
    await simulated?.stop();
    await planes.close();
    await storage.close();
  };
  await time.during(ended(), START, () => `the cluster did not end: ${busy().join("; ")}`);
}
