import { MAX_SCORE, type Plugin, type Rows, refuse, refuseForGood } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";
import { concerns, type Term } from "#scheduler/terms.ts";

const REFUSALS = [
  refuseForGood("node(s) didn't match pod affinity rules"),
  refuse("node(s) didn't match pod anti-affinity rules"),
  refuse("node(s) didn't satisfy existing pods anti-affinity rules"),
];
const [NOT_NEAR, NOT_AWAY, UNWANTED] = [1, 2, 3];

/** How many pods on each node all of these terms are about. */
function about(terms: readonly Term[], snapshot: Snapshot): Int32Array {
  const key = `about ${terms.map(t => t.whom).join(" ")}`;
  return snapshot.census(key, p => (terms.every(t => concerns(t, p, snapshot.namespaces)) ? 1 : 0));
}
/** How many pods on each node say the term (twice, if one says it twice). */
function saying(term: Term, snapshot: Snapshot): Int32Array {
  return snapshot.census(`saying ${term.key}`, p => p.terms.reduce((n, t) => n + (t.key === term.key ? 1 : 0), 0));
}
/** The sum of the counts in each place. */
function inPlaces(topologyKey: string, counts: Int32Array, snapshot: Snapshot): { readonly of: Int32Array; readonly sums: Int32Array } {
  const { of, count } = snapshot.places(topologyKey);
  const sums = new Int32Array(count);
  const { rows } = snapshot;
  for (let i = 0; i < rows.length; i++) {
    const place = of[rows[i]!]!;
    if (place >= 0) sums[place] = sums[place]! + counts[rows[i]!]!;
  }
  return { of, sums };
}

/**
 * Near which pods a pod must, or would rather, run, and away from which; and the same of the pods that run already: a pod that keeps others
 * of a sort away is not joined by one, and one that must have some near draws them near.
 */
export const interPodAffinity: Plugin = {
  name: "InterPodAffinity",
  weight: 2,
  filter(pod, snapshot) {
    const near = pod.terms.filter(t => t.role === "near");
    const away = pod.terms.filter(t => t.role === "away");
    const unwanted = [...snapshot.terms()].filter(t => t.role === "away" && concerns(t, pod, snapshot.namespaces));
    if (near.length + away.length + unwanted.length === 0) return undefined;
    return {
      refusals: REFUSALS,
      fill(rows, codes) {
        for (let i = 0; i < rows.length; i++) codes[rows[i]!] = 0;
        if (near.length > 0) mustBeNear(near, pod, snapshot, rows, codes);
        for (const term of away) mustBeAway(term.topologyKey, about([term], snapshot), snapshot, rows, codes, NOT_AWAY);
        for (const term of unwanted) mustBeAway(term.topologyKey, saying(term, snapshot), snapshot, rows, codes, UNWANTED);
      },
    };
  },
  compare(pod, snapshot) {
    /** Terms of either side, with the pods on each node that they make count. */
    const shares: { readonly term: Term; readonly counts: Int32Array }[] = [];
    for (const term of pod.terms) if (term.role.startsWith("rather")) shares.push({ term, counts: about([term], snapshot) });
    for (const term of snapshot.terms())
      if (term.role !== "away" && concerns(term, pod, snapshot.namespaces)) shares.push({ term, counts: saying(term, snapshot) });
    if (shares.length === 0) return undefined;
    return {
      fill(rows, raw) {
        for (const row of rows) raw[row] = 0;
        for (const { term, counts } of shares) {
          const { of, sums } = inPlaces(term.topologyKey, counts, snapshot);
          const weight = term.role === "rather away" ? -term.weight : term.weight;
          for (let i = 0; i < rows.length; i++) {
            const row = rows[i]!;
            if (of[row]! >= 0) raw[row] = raw[row]! + weight * sums[of[row]!]!;
          }
        }
      },
      normalize: between,
    };
  },
};

/** In each term's place there must be a pod that all terms are about; the first of its own sort may begin wherever there are such places. */
function mustBeNear(terms: readonly Term[], pod: PodInfo, snapshot: Snapshot, rows: Rows, codes: Uint16Array): void {
  const counts = about(terms, snapshot);
  const all = terms.map(t => inPlaces(t.topologyKey, counts, snapshot));
  const first = all.every(({ sums }) => sums.every(n => n === 0)) && terms.every(t => concerns(t, pod, snapshot.namespaces));
  for (const { of, sums } of all) for (const row of rows) if (of[row]! < 0 || (!first && sums[of[row]!] === 0)) codes[row] = NOT_NEAR;
}
function mustBeAway(key: string, counts: Int32Array, snapshot: Snapshot, rows: Rows, codes: Uint16Array, code: number): void {
  const { of, sums } = inPlaces(key, counts, snapshot);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (codes[row] === 0 && of[row]! >= 0 && sums[of[row]!]! > 0) codes[row] = code;
  }
}
/** Scales from the least to the greatest. */
function between(rows: Rows, raw: Int32Array, out: Int32Array): void {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    if (raw[row]! < min) min = raw[row]!;
    if (raw[row]! > max) max = raw[row]!;
  }
  for (const row of rows) out[row] = max > min ? Math.trunc(MAX_SCORE * ((raw[row]! - min) / (max - min))) : 0;
}
