/** A cluster at one moment, as values that another can begin with. */
import type { ChanceState } from "#base/chance.ts";
import type { ClusterParts } from "#cluster/create/parts.ts";
import type { HistoryState } from "#cluster/history.ts";
import type { SimulatedPlace } from "#cluster/simulated.ts";
import type { Fault } from "#sim/faults/all.ts";
import type { RuntimeState } from "#sim/runtime.ts";
import type { MemoryState } from "#store/memory.ts";

/** A cluster at one moment, as plain values: structuredClone and v8.serialize take it. */
export interface Snapshot {
  readonly format: 1;
  readonly seed: number;
  readonly nodes: number;
  readonly now: number;
  readonly elapsed: number;
  readonly chance: ChanceState;
  readonly store: MemoryState;
  readonly machines: Readonly<Record<string, RuntimeState>>;
  /** Nodes whose machines have no power. */
  readonly off: readonly string[];
  readonly history: HistoryState;
  /** What is still to go wrong, or goes wrong just now, from this moment on; undefined: the cluster was made without faults. */
  readonly faults?: readonly Fault[];
  /** Of a cluster that was not made by createCluster: its nodes and its network. */
  readonly places?: readonly SimulatedPlace[];
  readonly network?: Network;
}
export interface Network {
  readonly clusterDomain: string;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
}

/** As it stands when no promise has anything to do. */
export async function snapshotOf(parts: ClusterParts): Promise<Snapshot> {
  const { settings, clock, chance, storage, simulated, history, faults, network } = parts;
  await parts.time.rest();
  return {
    format: 1,
    seed: settings.seed,
    nodes: settings.nodes,
    now: clock.now(),
    elapsed: clock.monotonic(),
    chance: chance.state(),
    store: await storage.state(),
    machines: simulated?.machines() ?? {},
    off: simulated?.names.filter(name => !simulated.node(name).isOn) ?? [],
    history: history.state(),
    ...(faults && { faults: faults.left() }),
    ...(settings.from?.places && { places: settings.from.places }),
    ...(settings.from?.network && { network }),
  };
}
