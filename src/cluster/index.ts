/** What `import "coxswain"` gives: clusters for tests, in virtual time. */
import { type Cluster, type ClusterOptions, createClusterOn } from "#cluster/create.ts";
import { processHost } from "#cluster/processhost.ts";

/** Resolves when the control plane serves and every node is ready. */
export function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return createClusterOn(processHost(), options);
}

export type {
  Cluster,
  ClusterClock,
  ClusterOptions,
  ContainerScript,
  ContainerView,
  ImageFunction,
  KubeDraft,
  Served,
  Snapshot,
} from "#cluster/create.ts";
export { InvariantBreach } from "#cluster/create.ts";
export type { HistoryEntry } from "#cluster/history.ts";
export type { DraftAt, ObjectAt, Ref, TypedClient } from "#cluster/typedclient.ts";
export type { Fault } from "#sim/faults/all.ts";
export type { Breach, Change, Check, Invariant, Seen } from "#sim/invariants/invariant.ts";
