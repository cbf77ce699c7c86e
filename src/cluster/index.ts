/** What `import "coxswain"` gives: clusters for tests, in virtual time. */
import type { Cluster } from "#cluster/create/cluster.ts";
import type { ClusterOptions } from "#cluster/create/options.ts";
import { createClusterOn } from "#cluster/create.ts";
import { processHost } from "#cluster/processhost.ts";

/** Resolves when the control plane serves and every node is ready. */
export function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return createClusterOn(processHost(), options);
}

export type { Cluster, ClusterClock, KubeDraft, Served } from "#cluster/create/cluster.ts";
export type { ContainerScript, ContainerView, FetchOptions, ImageFunction } from "#cluster/create/images.ts";
export type { ClusterOptions } from "#cluster/create/options.ts";
export { InvariantBreach } from "#cluster/create/settled.ts";
export type { Snapshot } from "#cluster/create/snapshot.ts";
export type { HistoryEntry } from "#cluster/history.ts";
export type { DraftAt, ObjectAt, Ref, TypedClient } from "#cluster/typedclient.ts";
export type { Fault } from "#sim/faults/all.ts";
export type { Breach, Change, Check, Invariant, Seen } from "#sim/invariants/invariant.ts";
