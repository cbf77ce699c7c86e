import type { NodeInfo } from "#scheduler/node.ts";
import { MAX_SCORE, type Plugin, type Refusal } from "#scheduler/plugin.ts";

/** The resources whose use is scored, each with weight 1 (upstream's LeastAllocated default). */
const SCORED = ["cpu", "memory"] as const;

export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  filter({ requests }) {
    const wanted = Object.entries(requests).filter(([, n]) => n > 0);
    return node => shortage(node, wanted);
  },
  score({ scored }) {
    return {
      score: node => {
        let sum = 0;
        let weights = 0;
        for (const name of SCORED) {
          const has = node.allocatable[name] ?? 0;
          if (has === 0) continue;
          weights++;
          const used = (node.scored[name] ?? 0) + (scored[name] ?? 0);
          if (used <= has) sum += Math.floor(((has - used) * MAX_SCORE) / has);
        }
        return weights ? Math.floor(sum / weights) : 0;
      },
    };
  },
};

/** Every resource that is short, in upstream's words. Final where even the empty node would be too small. */
function shortage(node: NodeInfo, wanted: readonly [string, number][]): Refusal | undefined {
  const reasons: string[] = [];
  let final = false;
  if (node.pods.size + 1 > (node.allocatable.pods ?? 0)) reasons.push("Too many pods");
  for (const [name, n] of wanted) {
    const has = node.allocatable[name] ?? 0;
    if (n <= has - (node.requested[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    if (n > has) final = true;
  }
  return reasons.length ? { reasons, final } : undefined;
}
