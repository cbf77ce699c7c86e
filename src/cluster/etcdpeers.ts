/** etcd's flags about a member's peers, of a member that has none and needs none. */
import { addressOf, FlagError } from "#cluster/flagvalues.ts";

export interface PeerFlags {
  readonly listenPeerUrls?: string;
  readonly initialAdvertisePeerUrls?: string;
  readonly initialCluster?: string;
  readonly initialClusterState?: string;
}

/** The addresses by which others would call this member: clients see them. Throws when the flags speak of other members. */
export function peersOf(name: string, flags: PeerFlags): readonly string[] {
  const { listenPeerUrls, initialAdvertisePeerUrls, initialCluster, initialClusterState } = flags;
  for (const [flag, text] of [
    ["--listen-peer-urls", listenPeerUrls],
    ["--initial-advertise-peer-urls", initialAdvertisePeerUrls],
  ] as const)
    for (const url of text?.split(",") ?? []) addressOf(flag, url);
  for (const member of initialCluster?.split(",") ?? []) {
    const at = member.indexOf("=");
    if (at < 1) throw new FlagError(`--initial-cluster ${member}: not of the form NAME=URL`);
    addressOf("--initial-cluster", member.slice(at + 1));
    if (member.slice(0, at) !== name) {
      throw new FlagError(
        `--initial-cluster names ${member.slice(0, at)} beside ${name}, and this store is one member alone: for several, run etcd, and give the cluster its addresses (cox up --datastore-endpoint)`,
      );
    }
  }
  if (initialClusterState !== undefined && !["new", "existing"].includes(initialClusterState))
    throw new FlagError(`--initial-cluster-state ${initialClusterState}: neither new nor existing`);
  return initialAdvertisePeerUrls?.split(",") ?? [];
}
