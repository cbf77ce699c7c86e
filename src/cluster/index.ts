/** What `import "coxswain"` gives: clusters for tests, in virtual time. */
import { type Cluster, type ClusterOptions, createClusterOn } from "#cluster/create.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostClock } from "#host/clock.ts";
import { serveOnLoopback } from "#host/loopback.ts";
import { streamServer } from "#host/streamserver.ts";
import { turn } from "#host/turn.ts";

/** Resolves when the control plane serves and every node is ready. */
export function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  useBuffer();
  return createClusterOn({ rest: turn, streams: streamServer, clock: hostClock, serve: serveOnLoopback }, options);
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
export type { HistoryEntry } from "#cluster/history.ts";
export type { DraftAt, ObjectAt, Ref, TypedClient } from "#cluster/typedclient.ts";
