/** What `cox status` tells. */
import { adminClient } from "#cluster/admin.ts";
import type { Layout } from "#cluster/layout.ts";
import { readSettled } from "#cluster/prepare.ts";
import { containerdUse } from "#host/containerd.ts";
import { readRunFile, usageOf } from "#host/runfile.ts";
import { Node } from "#kinds/core/v1/node.ts";

export interface ProcessUse {
  readonly name: string;
  readonly pid: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}
export interface ClusterStatus {
  /** Null: the control plane does not run. */
  readonly pid: number | null;
  /** The API is ready, and every node. */
  readonly ready: boolean;
  readonly address: string;
  readonly version: string;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly version: string }[];
  readonly processes: readonly ProcessUse[];
}

export async function statusOf(layout: Layout): Promise<ClusterStatus> {
  const run = readRunFile(layout.run);
  const dns = readRunFile(layout.dnsRun);
  const processes: ProcessUse[] = [];
  const add = (name: string, pid: number | undefined) => {
    const use = pid === undefined ? undefined : usageOf(pid);
    if (pid !== undefined && use) processes.push({ name, pid, ...use });
  };
  add("cox", run?.pid);
  add("cox dns", dns?.pid);
  const simulated = (await readSettled(layout))?.simulated === true;
  for (const p of simulated ? [] : await containerdUse(layout.dataDir)) add(p.name, p.pid);
  const stopped = { pid: null, ready: false, address: "", version: "", nodes: [], processes };
  if (!run) return stopped;
  const known = { ...stopped, pid: run.pid, address: run.address, version: run.version };
  try {
    const admin = await adminClient(layout);
    try {
      const nodes = (await admin.client.list(Node)).items.map(n => ({
        name: n.metadata.name ?? "",
        ready: n.status.conditions?.some(c => c.type === "Ready" && c.status === "True") ?? false,
        version: n.status.nodeInfo?.kubeletVersion ?? "",
      }));
      return { ...known, nodes, ready: nodes.length > 0 && nodes.every(n => n.ready) };
    } finally {
      admin.close();
    }
  } catch {
    return known;
  }
}
