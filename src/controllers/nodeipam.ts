/** Each node gets a range of pod addresses from the cluster's. One key for all nodes: what they compete for is given out in one place. */
import { type Cidr, formatCidr, overlap, parseCidr, subrange, subrangeCount } from "#base/cidr.ts";
import { controller, on } from "#client/controller.ts";
import { patch, type Step, tell } from "#client/steps.ts";
import { Node } from "#kinds/core/v1/node.ts";

export interface Observed {
  readonly nodes: readonly Node[];
}
/** One of the cluster's ranges, and the length of the prefix that each node gets of it. */
export interface ClusterRange {
  readonly range: Cidr;
  readonly prefix: number;
}

export function nodeIpamController(ranges: readonly ClusterRange[]) {
  return controller<Observed>({
    name: "node-ipam-controller",
    account: "node-controller",
    keyedBy: "Node",
    workers: 1,
    watches: [on(Node, () => ["all"], { reads: node => [cidrsOf(node), node.metadata.deletionTimestamp] })],
    observe: (_, { views }) => ({ nodes: views.of(Node).list() }),
    decide: ({ nodes }) => decide(ranges, nodes),
  });
}

export function decide(ranges: readonly ClusterRange[], nodes: readonly Node[]): Step[] {
  const taken = nodes.flatMap(n => cidrsOf(n)).flatMap(text => parseCidr(text) ?? []);
  const steps: Step[] = [];
  const waiting = nodes.filter(n => cidrsOf(n).length === 0 && !n.metadata.deletionTimestamp);
  // the range at which the search goes on, so that many nodes do not each start from the first
  const from = ranges.map(() => 0);
  for (const node of waiting) {
    const given = ranges.map((r, i) => {
      for (let n = from[i]!; n < subrangeCount(r.range, r.prefix); n++) {
        const candidate = subrange(r.range, r.prefix, n);
        if (!candidate || taken.some(t => overlap(t, candidate))) continue;
        from[i] = n + 1;
        return candidate;
      }
      return undefined;
    });
    if (given.some(g => !g)) {
      steps.push(tell(node, "Normal", "CIDRNotAvailable", `Node ${node.metadata.name} status is now: CIDRNotAvailable`));
      continue;
    }
    const podCIDRs = given.map(g => formatCidr(g!));
    const { uid, resourceVersion } = node.metadata;
    const change = { metadata: { uid, resourceVersion }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
    steps.push(patch(Node, node, "merge", change, "it has no range of pod addresses yet"));
  }
  return steps;
}
function cidrsOf(node: Node): readonly string[] {
  return node.spec.podCIDRs?.length ? node.spec.podCIDRs : node.spec.podCIDR ? [node.spec.podCIDR] : [];
}
