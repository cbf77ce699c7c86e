/**
 * Where should this pod run? Every node is asked, none is left out by sampling. Pure: the snapshot, the pod, and a seeded source for ties
 * (what the snapshot keeps of earlier answers changes how soon the answer comes, never the answer).
 */
import type { Chance } from "#base/chance.ts";
import type { Verdicts } from "#scheduler/kept.ts";
import type { Plugin, Rows } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";

export interface Decision {
  /** Undefined: no node will do now. */
  readonly node: string | undefined;
  /** Its weighted score. */
  readonly score: number;
  /** How many nodes there are, and how many would do. */
  readonly nodes: number;
  readonly fitting: number;
  /** Upstream's sentence for the FailedScheduling event, when no node will do. */
  readonly message: string;
}
export interface Verdict {
  readonly node: string;
  /** The plugin that refused, and its reasons; none: the node would do. */
  readonly refusedBy?: string;
  readonly reasons: readonly string[];
  /** Weighted score of a node that would do, and each plugin's share. */
  readonly score?: number;
  readonly scores?: Readonly<Record<string, number>>;
}

export function decide(pod: PodInfo, snapshot: Snapshot, plugins: readonly Plugin[], chance: Chance): Decision {
  const nodes = snapshot.rows.length;
  const none = { node: undefined, score: 0, nodes, fitting: 0 };
  if (nodes === 0) return { ...none, message: "no nodes available to schedule pods" };
  const judgements = judge(pod, snapshot, plugins);
  const fitting = passing(snapshot.rows, judgements);
  if (fitting.length === 0) return { ...none, message: sentence(snapshot.rows, judgements) };
  const totals = snapshot.columns.scratch("totals");
  for (let i = 0; i < fitting.length; i++) totals[fitting[i]!] = 0;
  // what every node gets alike
  let base = 0;
  weigh(pod, snapshot, plugins, fitting, (plugin, { scores, even }) => {
    const { weight = 1 } = plugin;
    if (even) base += weight * scores[fitting[0]!]!;
    else addUp(totals, fitting, scores, weight);
  });
  const { best, ties } = greatest(totals, fitting);
  const row = nth(totals, fitting, best, Math.floor(chance.next() * ties));
  return { node: snapshot.node(row).name, score: base + best, nodes, fitting: fitting.length, message: "" };
}
function addUp(totals: Int32Array, rows: Rows, scores: Int32Array, weight: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    totals[row] = totals[row]! + weight * scores[row]!;
  }
}
function greatest(totals: Int32Array, rows: Rows): { readonly best: number; readonly ties: number } {
  let best = totals[rows[0]!]!;
  let ties = 0;
  for (let i = 0; i < rows.length; i++) {
    const total = totals[rows[i]!]!;
    if (total > best) {
      best = total;
      ties = 1;
    } else if (total === best) ties++;
  }
  return { best, ties };
}
/** The row of the tie that has so many before it. */
function nth(totals: Int32Array, rows: Rows, best: number, skip: number): number {
  for (let i = 0, left = skip; i < rows.length; i++) if (totals[rows[i]!] === best && left-- === 0) return rows[i]!;
  throw new Error("there are fewer ties than were counted");
}

/** Every node's verdict, with each plugin's share of its score: those that refuse first. */
export function explain(pod: PodInfo, snapshot: Snapshot, plugins: readonly Plugin[]): Verdict[] {
  const judgements = judge(pod, snapshot, plugins);
  const fitting = passing(snapshot.rows, judgements);
  const verdicts: Verdict[] = [];
  for (const row of snapshot.rows) {
    const by = judgements.find(j => j.verdicts.codes[row] !== 0);
    if (!by) continue;
    const { reasons } = by.verdicts.refusals[by.verdicts.codes[row]! - 1]!;
    verdicts.push({ node: snapshot.node(row).name, refusedBy: by.plugin.name, reasons });
  }
  const sheets = new Map<number, Record<string, number>>();
  for (const row of fitting) sheets.set(row, {});
  weigh(pod, snapshot, plugins, fitting, ({ name, weight = 1 }, { scores, even }) => {
    for (const row of fitting) sheets.get(row)![name] = weight * scores[even ? fitting[0]! : row]!;
  });
  for (const [row, scores] of sheets) {
    const score = Object.values(scores).reduce((sum, s) => sum + s, 0);
    verdicts.push({ node: snapshot.node(row).name, reasons: [], score, scores });
  }
  return verdicts;
}

interface Judgement {
  readonly plugin: Plugin;
  readonly verdicts: Verdicts;
}
/** What the plugins say that refuse any node at all, in their order. */
function judge(pod: PodInfo, snapshot: Snapshot, plugins: readonly Plugin[]): Judgement[] {
  const out: Judgement[] = [];
  for (const plugin of plugins) {
    const verdicts = snapshot.columns.verdicts(plugin, pod);
    if (verdicts && verdicts.refused > 0) out.push({ plugin, verdicts });
  }
  return out;
}
function passing(rows: Rows, judgements: readonly Judgement[]): Rows {
  let left = rows;
  for (const { verdicts } of judgements) {
    const { codes } = verdicts;
    const next = new Int32Array(left.length);
    let count = 0;
    for (let i = 0; i < left.length; i++) {
      const row = left[i]!;
      if (codes[row] === 0) next[count++] = row;
    }
    left = next.subarray(0, count);
  }
  return left;
}
/** The scores of one plugin, 0…100; `even`: all nodes get what the first gets. */
interface Share {
  readonly scores: Int32Array;
  readonly even: boolean;
}
function weigh(
  pod: PodInfo,
  snapshot: Snapshot,
  plugins: readonly Plugin[],
  fitting: Rows,
  add: (plugin: Plugin, share: Share) => void,
): void {
  if (fitting.length === 0) return;
  for (const plugin of plugins) {
    const scoring = plugin.score?.(pod, snapshot, fitting);
    if (!scoring) continue;
    const { raw, even } = snapshot.columns.scores(plugin, scoring, fitting);
    if (!scoring.normalize) {
      add(plugin, { scores: raw, even });
      continue;
    }
    const scores = snapshot.columns.scratch("normal");
    scoring.normalize(even ? fitting.subarray(0, 1) : fitting, raw, scores);
    add(plugin, { scores, even });
  }
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` Each node counts with the first plugin that refuses it. */
function sentence(rows: Rows, judgements: readonly Judgement[]): string {
  const histogram = new Map<string, number>();
  let left = rows;
  for (const judgement of judgements) {
    const { codes, refusals } = judgement.verdicts;
    const counts = new Int32Array(refusals.length + 1);
    for (const row of left) counts[codes[row]!]!++;
    left = passing(left, [judgement]);
    refusals.forEach(({ reasons }, i) => {
      const n = counts[i + 1]!;
      if (n > 0) for (const reason of reasons) histogram.set(reason, (histogram.get(reason) ?? 0) + n);
    });
  }
  const parts = [...histogram].map(([reason, n]) => `${n} ${reason}`).sort();
  return `0/${rows.length} nodes are available: ${parts.join(", ")}.`;
}
