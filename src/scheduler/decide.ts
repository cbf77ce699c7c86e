/** Where should this pod run? Pure: the nodes as counted, the pod, and a seeded source for ties. */
import type { Chance } from "#base/chance.ts";
import type { NodeInfo, PodInfo } from "#scheduler/node.ts";
import type { Plugin } from "#scheduler/plugin.ts";

export interface Verdict {
  readonly node: string;
  /** The plugin that refused, and its reasons; none: the node would do. */
  readonly refusedBy?: string;
  readonly reasons: readonly string[];
  /** Weighted score of a node that would do, and each plugin's share. */
  readonly score?: number;
  readonly scores?: Readonly<Record<string, number>>;
}
export interface Decision {
  /** Undefined: no node will do now. */
  readonly node: string | undefined;
  readonly verdicts: readonly Verdict[];
  /** Upstream's sentence for the FailedScheduling event, when no node will do. */
  readonly message: string;
}

export function decide(pod: PodInfo, nodes: readonly NodeInfo[], plugins: readonly Plugin[], chance: Chance): Decision {
  if (nodes.length === 0) return { node: undefined, verdicts: [], message: "no nodes available to schedule pods" };
  const checks = plugins.flatMap(p => {
    const check = p.filter?.(pod);
    return check ? [{ name: p.name, check }] : [];
  });
  const verdicts: Verdict[] = [];
  const fitting: NodeInfo[] = [];
  for (const node of nodes) {
    const refused = firstRefusal(checks, node);
    if (refused) verdicts.push({ node: nameOf(node), refusedBy: refused.by, reasons: refused.reasons });
    else fitting.push(node);
  }
  if (fitting.length === 0) return { node: undefined, verdicts, message: sentence(nodes.length, verdicts) };

  const totals = new Array<number>(fitting.length).fill(0);
  const sheets: Record<string, number>[] = fitting.map(() => ({}));
  for (const plugin of plugins) {
    const scoring = plugin.score?.(pod);
    if (!scoring) continue;
    const scores = fitting.map(n => scoring.score(n));
    scoring.normalize?.(scores);
    const weight = plugin.weight ?? 1;
    scores.forEach((s, i) => {
      totals[i]! += s * weight;
      sheets[i]![plugin.name] = s * weight;
    });
  }
  const best = Math.max(...totals);
  const ties = fitting.filter((_, i) => totals[i] === best);
  const chosen = ties[Math.floor(chance.next() * ties.length)]!;
  fitting.forEach((n, i) => {
    verdicts.push({ node: nameOf(n), reasons: [], score: totals[i]!, scores: sheets[i]! });
  });
  return { node: nameOf(chosen), verdicts, message: "" };
}

function firstRefusal(
  checks: readonly { name: string; check: (n: NodeInfo) => { reasons: readonly string[] } | undefined }[],
  node: NodeInfo,
) {
  for (const { name, check } of checks) {
    const refused = check(node);
    if (refused) return { by: name, reasons: refused.reasons };
  }
  return undefined;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
function sentence(count: number, verdicts: readonly Verdict[]): string {
  const histogram = new Map<string, number>();
  for (const reason of verdicts.flatMap(v => v.reasons)) histogram.set(reason, (histogram.get(reason) ?? 0) + 1);
  const parts = [...histogram].map(([reason, n]) => `${n} ${reason}`).sort();
  return `0/${count} nodes are available: ${parts.join(", ")}.`;
}
const nameOf = (node: NodeInfo) => node.node.metadata.name ?? "";
