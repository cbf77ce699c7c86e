/**
 * Where should this pod run? Every node is asked, none is left out by sampling. Pure: the snapshot, the pod, and a seeded source for ties
 * (what the snapshot keeps of earlier answers changes how soon the answer comes, never the answer).
 */
import type { Chance } from "#base/chance.ts";
import type { Verdicts } from "#scheduler/kept.ts";
import { type FreshScoring, type Plugin, type Rows, scaled } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";
import type { Best, Standing } from "#scheduler/standing.ts";

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
  const { rows, columns } = snapshot;
  const nodes = rows.length;
  const none = { node: undefined, score: 0, nodes, fitting: 0 };
  if (nodes === 0) return { ...none, message: "no nodes available to schedule pods" };
  const { standing, fresh } = columns.standing(plugins, pod);
  let fitting: Rows | undefined;
  const fittingRows = () => (fitting ??= narrowed(rows, standing.totals, fresh));
  const count = fresh.length === 0 ? standing.passing : fittingRows().length;
  if (count === 0) return { ...none, message: sentence(rows, judge(pod, snapshot, plugins)) };
  const shares = compared(pod, snapshot, plugins, fittingRows);
  const { total, ties, nth } =
    fresh.length + shares.length === 0 ? standing.best() : greatest(weighed(standing, shares, fittingRows(), snapshot), fittingRows());
  const row = nth(Math.floor(chance.next() * ties));
  return { node: snapshot.node(row).name, score: total, nodes, fitting: count, message: "" };
}
/** Those of the rows that pass all that is kept and all else. */
function narrowed(rows: Rows, totals: Int32Array, fresh: readonly Verdicts[]): Rows {
  const out = new Int32Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let passes = totals[row]! >= 0;
    for (let j = 0; passes && j < fresh.length; j++) passes = fresh[j]!.codes[row] === 0;
    if (passes) out[count++] = row;
  }
  return out.subarray(0, count);
}
interface Share {
  readonly plugin: Plugin;
  readonly scoring: FreshScoring;
}
/** What compares the nodes that would do with one another. */
function compared(pod: PodInfo, snapshot: Snapshot, plugins: readonly Plugin[], fitting: () => Rows): Share[] {
  const out: Share[] = [];
  for (const plugin of plugins) {
    const scoring = plugin.compare?.(pod, snapshot, fitting);
    if (scoring) out.push({ plugin, scoring });
  }
  return out;
}
/** The total of each row that would do. */
function weighed(standing: Standing, shares: readonly Share[], fitting: Rows, snapshot: Snapshot): Int32Array {
  const totals = snapshot.columns.scratch("totals");
  standing.among(fitting, totals);
  for (const share of shares) addUp(totals, fitting, normal(share, fitting, snapshot), share.plugin.weight ?? 1);
  return totals;
}
/** 0…100 for each row that would do. */
function normal({ scoring }: Share, fitting: Rows, { columns }: Snapshot): Int32Array {
  const [raw, out] = [columns.scratch("raw"), columns.scratch("normal")];
  scoring.fill(fitting, raw);
  scoring.normalize(fitting, raw, out);
  return out;
}
function addUp(totals: Int32Array, rows: Rows, scores: Int32Array, weight: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    totals[row] = totals[row]! + weight * scores[row]!;
  }
}
function greatest(totals: Int32Array, rows: Rows): Best {
  let total = totals[rows[0]!]!;
  let ties = 0;
  for (let i = 0; i < rows.length; i++) {
    const one = totals[rows[i]!]!;
    if (one > total) {
      total = one;
      ties = 1;
    } else if (one === total) ties++;
  }
  return { total, ties, nth: skip => nthOf(totals, rows, total, skip) };
}
/** The row of the tie that has so many before it. */
function nthOf(totals: Int32Array, rows: Rows, total: number, skip: number): number {
  for (let i = 0, left = skip; i < rows.length; i++) if (totals[rows[i]!] === total && left-- === 0) return rows[i]!;
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
  const enter = ({ name, weight = 1 }: Plugin, score: (row: number) => number) => {
    for (const [row, sheet] of sheets) sheet[name] = weight * score(row);
  };
  for (const plugin of plugins) {
    const scoring = plugin.score?.(pod, snapshot);
    if (!scoring) continue;
    const raw = snapshot.columns.scores(plugin, scoring);
    const greatest = fitting.reduce((max, row) => Math.max(max, raw[row]!), 0);
    enter(plugin, row => (scoring.scaled ? scaled(raw[row]!, greatest, scoring.scaled) : raw[row]!));
  }
  for (const share of compared(pod, snapshot, plugins, () => fitting)) {
    const scores = normal(share, fitting, snapshot);
    enter(share.plugin, row => scores[row]!);
  }
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
