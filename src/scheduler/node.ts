/** A node as the scheduler counts it: what it has, and what the pods on it ask for. */
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Amounts, amountsOf, podRequests } from "#rules/podrequests.ts";

/** What a container without requests counts as when nodes are scored, so that many of them do not pile up (upstream's numbers). */
const UNSET_FOR_SCORES: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** A pod with what the plugins ask of it, worked out once. */
export interface PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  readonly requests: Amounts;
  /** Requests with stand-ins for what is unset; for scores. */
  readonly scored: Amounts;
  readonly ports: readonly HostPort[];
}

export function podInfo(pod: Pod): PodInfo {
  const containers = [...(pod.spec.initContainers ?? []).filter(c => c.restartPolicy === "Always"), ...pod.spec.containers];
  const ports = containers.flatMap(c =>
    (c.ports ?? []).flatMap(p => (p.hostPort ? [{ ip: p.hostIP || "0.0.0.0", protocol: p.protocol ?? "TCP", port: p.hostPort }] : [])),
  );
  return { pod, uid: pod.metadata.uid ?? "", requests: podRequests(pod), scored: podRequests(pod, UNSET_FOR_SCORES), ports };
}

export class NodeInfo {
  node: Node;
  allocatable: Amounts;
  readonly pods: Map<string, PodInfo> = new Map();
  readonly requested: Amounts = {};
  readonly scored: Amounts = {};

  constructor(node: Node) {
    this.node = node;
    this.allocatable = amountsOf(node.status.allocatable);
  }
  update(node: Node): void {
    this.node = node;
    this.allocatable = amountsOf(node.status.allocatable);
  }
  add(info: PodInfo): void {
    this.remove(info.uid);
    this.pods.set(info.uid, info);
    this.count(info, 1);
  }
  remove(uid: string): void {
    const info = this.pods.get(uid);
    if (!info) return;
    this.pods.delete(uid);
    this.count(info, -1);
  }
  private count(info: PodInfo, sign: 1 | -1): void {
    for (const [name, n] of Object.entries(info.requests)) this.requested[name] = (this.requested[name] ?? 0) + sign * n;
    for (const [name, n] of Object.entries(info.scored)) this.scored[name] = (this.scored[name] ?? 0) + sign * n;
  }
}
