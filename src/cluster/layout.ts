/** Where everything of a cluster lies below its data directory. */
export interface Layout {
  readonly dataDir: string;
  readonly store: string;
  /** A store being restored, and what is to become of the one before it while the two change places. */
  readonly restoring: string;
  readonly restore: string;
  /** Where snapshots go when nobody says where. */
  readonly snapshots: string;
  readonly pki: string;
  /** The secret of the control planes on one etcd. */
  readonly token: string;
  /** Held by the process that runs on an etcd; on a store of its own that store's lock serves. */
  readonly lock: string;
  readonly kubeconfig: string;
  /** Who runs: process id, address, options. */
  readonly run: string;
  readonly log: string;
  /** Options that were settled by the first start, and the cluster's own short name for tables, cgroups and the like. */
  readonly settled: string;
  readonly kubelet: string;
  /** Below it: `pods/NAMESPACE_NAME_UID/CONTAINER/N.log`. */
  readonly logs: string;
  readonly dnsFolder: string;
  readonly zone: string;
  readonly dnsRun: string;
  readonly dnsLog: string;
}

export function layoutOf(dataDir: string): Layout {
  const at = (...parts: string[]) => [dataDir, ...parts].join("/");
  return {
    dataDir,
    store: at("store"),
    restoring: at("store.restoring"),
    restore: at("restore.json"),
    snapshots: at("snapshots"),
    pki: at("pki"),
    token: at("token"),
    lock: at("lock"),
    kubeconfig: at("kubeconfig"),
    run: at("run.json"),
    log: at("cox.log"),
    settled: at("cluster.json"),
    kubelet: at("kubelet"),
    logs: at("logs"),
    dnsFolder: at("dns"),
    zone: at("dns", "zone.json"),
    dnsRun: at("dns", "run.json"),
    dnsLog: at("dns", "dns.log"),
  };
}
