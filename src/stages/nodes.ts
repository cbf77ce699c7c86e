/** The nodes that stages play: those that are wanted are registered, and each that lives renews its lease. */

import { parseTime } from "#base/time.ts";
import { beside, controller, on } from "#client/controller.ts";
import { create, patch, type Step, update, wake } from "#client/steps.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { HEARTBEAT, LEASE, newLease, renewed } from "#rules/heartbeat.ts";
import type { Draft } from "#schema/notation.ts";

/** kwok's mark of a node that stages play. */
const ANNOTATION = "kwok.x-k8s.io/node";
const MARK = { [ANNOTATION]: "fake" };
const WANTED = "the cluster is to have it";
/** Renewals are spread, so that a thousand nodes do not write at once. */
const SPREAD = 0.2;

/** A node that is to be there from the start. */
export interface WantedNode {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly maxPods: number;
}

/** Whether stages play this node: a kubelet's own is none of theirs. */
export function isPlayed(node: Node | undefined): boolean {
  return node?.metadata.annotations?.[ANNOTATION] === MARK[ANNOTATION];
}

interface Observed {
  readonly node: Node | undefined;
  readonly wanted: WantedNode | undefined;
  readonly lease: Lease | undefined;
}
/** `wanted` are registered once each. `lives`: a node's machine has power. */
export function stagedNodes(wanted: Map<string, WantedNode>, lives: (name: string) => boolean) {
  return controller<Observed>({
    name: "stages-node",
    keyedBy: "Node",
    workers: 16,
    // its own renewals are seen in the view before the next is due
    watches: [on(Node), beside(Lease)],
    observe(key, { views }) {
      const node = views.of(Node).get(key);
      const asked = wanted.get(key);
      if (isPlayed(node)) wanted.delete(key);
      else if (!asked) return undefined;
      if (!lives(key)) return undefined;
      return { node, wanted: asked, lease: views.of(Lease).get(key, LEASE.namespace) };
    },
    decide({ node, wanted, lease }, { now, chance }): Step[] {
      if (!node) return wanted ? [create(Node, draftOf(wanted), WANTED)] : [];
      // a kubelet played it in an earlier start
      if (!isPlayed(node)) return [patch(Node, node, "merge", { metadata: { annotations: MARK } }, WANTED)];
      const name = node.metadata.name ?? "";
      const next = now + LEASE.everyMs * (1 - SPREAD * chance.next());
      if (!lease) return [create(Lease, newLease(name, node.metadata.uid ?? "", now), HEARTBEAT), wake(next, HEARTBEAT)];
      const due = (parseTime(lease.spec.renewTime ?? "") ?? 0) + LEASE.everyMs * (1 - SPREAD);
      if (due > now) return [wake(Math.min(due + LEASE.everyMs * SPREAD * chance.next(), next), HEARTBEAT)];
      return [update(Lease, renewed(lease, name, now), HEARTBEAT), wake(next, HEARTBEAT)];
    },
  });
}
function draftOf({ name, cpus, memoryBytes, maxPods }: WantedNode): Draft<Node> {
  const room = { cpu: `${cpus}`, memory: `${memoryBytes}`, pods: `${maxPods}` };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: MARK,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
    },
    status: { capacity: room, allocatable: room },
  };
}
