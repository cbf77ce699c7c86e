/** Whether this node takes a pod that was bound to it: the kubelet's own last look (upstream's lifecycle/predicate.go). */
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { refusedBy } from "#kubelet/eviction.ts";
import type { Rejection } from "#kubelet/observed.ts";
import { containersOf } from "#kubelet/resources.ts";
import { sysctlRejection } from "#kubelet/security.ts";
import type { Pressure } from "#kubelet/thresholds.ts";
import { podMatchesNode } from "#rules/nodeselector.ts";
import { amountsOf, podRequests } from "#rules/podrequests.ts";

export interface Admission {
  readonly node: Node | undefined;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Pods that this node runs already. */
  readonly others: readonly Pod[];
  readonly allowedSysctls: readonly string[];
  /** What the node is short of. */
  readonly pressures: ReadonlySet<Pressure>;
}

interface HostPort {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}
function hostPorts(pod: Pod): readonly HostPort[] {
  return containersOf(pod).flatMap(c =>
    (c.ports ?? []).flatMap(p => {
      const port = p.hostPort || (pod.spec.hostNetwork ? p.containerPort : 0);
      return port ? [{ ip: p.hostIP || "0.0.0.0", port, protocol: p.protocol ?? "TCP" }] : [];
    }),
  );
}
const wild = (ip: string) => ip === "0.0.0.0" || ip === "::";
const collide = (a: HostPort, b: HostPort) => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || wild(a.ip) || wild(b.ip));

/** Undefined: it may run. */
export function rejectionOf(pod: Pod, { node, allocatable, others, allowedSysctls, pressures }: Admission): Rejection | undefined {
  const reject = (reason: string, message: string): Rejection => ({ reason, message: `Pod was rejected: ${message}` });
  const refused = refusedBy(pressures, pod);
  if (refused) return refused;
  const sysctl = sysctlRejection(pod, allowedSysctls);
  if (sysctl) return sysctl;
  if (pod.spec.hostUsers === false)
    return reject("UnexpectedAdmissionError", "user namespaces (hostUsers: false) are not supported on this node");
  if (pod.spec.os && pod.spec.os.name !== "linux")
    return reject("PodOSNotSupported", `Failed to admit pod as the OS field doesn't match node OS`);
  if (node && !podMatchesNode(pod, node))
    return reject("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  const taken = others.flatMap(hostPorts);
  if (hostPorts(pod).some(p => taken.some(t => collide(p, t))))
    return reject("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
  const capacity = amountsOf(allocatable);
  if (others.length + 1 > (capacity.pods ?? Number.POSITIVE_INFINITY))
    return reject("OutOfpods", `Node didn't have enough resource: pods, requested: 1, used: ${others.length}, capacity: ${capacity.pods}`);
  for (const [name, wanted] of Object.entries(podRequests(pod))) {
    const used = others.reduce((sum, o) => sum + (podRequests(o)[name] ?? 0), 0);
    const has = capacity[name] ?? 0;
    if (wanted > 0 && used + wanted > has)
      return reject(`OutOf${name}`, `Node didn't have enough resource: ${name}, requested: ${wanted}, used: ${used}, capacity: ${has}`);
  }
  return undefined;
}
