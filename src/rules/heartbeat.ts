/** How a node says that it is alive: a lease that it renews. Whoever plays a node does so, and the node lifecycle controller listens. */
import { formatMicroTime } from "#base/time.ts";
import type { Lease } from "#kinds/coordination/v1/lease.ts";
import type { Draft } from "#schema/notation.ts";

/** Why a node writes what says nothing new. */
export const HEARTBEAT = "the node is alive";
/** Where nodes' leases are, how long one holds, and how often it is renewed (upstream's kubelet: a quarter of its time). */
export const LEASE = { namespace: "kube-node-lease", seconds: 40, everyMs: 10_000 };

/** A lease as its node holds it from `now` (milliseconds, wall clock) on; frozen, so that it is sent without a copy. */
function leaseSpec(node: string, now: number, old?: Lease["spec"]): Lease["spec"] {
  return Object.freeze({ ...old, holderIdentity: node, leaseDurationSeconds: LEASE.seconds, renewTime: formatMicroTime(now) });
}
/** The same lease, held on. */
export function renewed(lease: Lease, node: string, now: number): Lease {
  return Object.freeze({ ...lease, spec: leaseSpec(node, now, lease.spec) });
}
/** A node's first lease, which ends with it. */
export function newLease(node: string, uid: string, now: number): Draft<Lease> {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: node, namespace: LEASE.namespace, ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node, uid }] },
    spec: leaseSpec(node, now),
  };
}
