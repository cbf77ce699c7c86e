import { type Filter, MAX_SCORE, type Plugin, type Rows, refuse, refuseForGood } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";
import { concerns, type Term } from "#scheduler/terms.ts";

const REFUSALS = [
  refuseForGood("node(s) didn't match pod affinity rules"),
  refuse("node(s) didn't match pod anti-affinity rules"),
  refuse("node(s) didn't satisfy existing pods anti-affinity rules"),
];
const [NOT_NEAR, NOT_AWAY, UNWANTED] = [1, 2, 3];
/** Beyond so many terms what they refuse is not kept. */
const MOST_KEPT = 20;

/** Pods that are counted: how often one counts, under a key. */
interface Sort {
  readonly key: string;
  readonly of: (pod: PodInfo) => number;
}
/** Pods that all of these terms are about. */
function about(terms: readonly Term[], { namespaces }: Snapshot): Sort {
  return { key: `about ${terms.map(t => t.whom).join(" ")}`, of: p => (terms.every(t => concerns(t, p, namespaces)) ? 1 : 0) };
}
/** Pods that say the term (twice, if one says it twice). */
function saying(term: Term): Sort {
  return { key: `saying ${term.key}`, of: p => p.terms.reduce((n, t) => n + (t.key === term.key ? 1 : 0), 0) };
}
/** How many of them there are in each place. */
function inPlaces(topologyKey: string, { key, of }: Sort, snapshot: Snapshot): { readonly of: Int32Array; readonly sums: Int32Array } {
  const { places, sums } = snapshot.tally(topologyKey, key, of);
  return { of: places.of, sums };
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
    const bans = [
      ...away.map(t => ({ topologyKey: t.topologyKey, sort: about([t], snapshot), code: NOT_AWAY })),
      ...unwanted.map(t => ({ topologyKey: t.topologyKey, sort: saying(t), code: UNWANTED })),
    ];
    if (near.length === 0 && bans.length <= MOST_KEPT) return keptBans(bans, snapshot);
    return {
      refusals: REFUSALS,
      fill(rows, codes) {
        for (let i = 0; i < rows.length; i++) codes[rows[i]!] = 0;
        if (near.length > 0) mustBeNear(near, pod, snapshot, rows, codes);
        for (const ban of bans) keepOut(ban, snapshot, rows, codes);
      },
    };
  },
  compare(pod, snapshot) {
    /** Terms of either side, with the pods that they make count. */
    const shares: { readonly term: Term; readonly sort: Sort }[] = [];
    for (const term of pod.terms) if (term.role.startsWith("rather")) shares.push({ term, sort: about([term], snapshot) });
    for (const term of snapshot.terms())
      if (term.role !== "away" && concerns(term, pod, snapshot.namespaces)) shares.push({ term, sort: saying(term) });
    if (shares.length === 0) return undefined;
    return {
      fill(rows, raw) {
        for (const row of rows) raw[row] = 0;
        for (const { term, sort } of shares) {
          const { of, sums } = inPlaces(term.topologyKey, sort, snapshot);
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
  const sort = about(terms, snapshot);
  const all = terms.map(t => inPlaces(t.topologyKey, sort, snapshot));
  const first = all.every(({ sums }) => sums.every(n => n === 0)) && terms.every(t => concerns(t, pod, snapshot.namespaces));
  for (const { of, sums } of all) for (const row of rows) if (of[row]! < 0 || (!first && sums[of[row]!] === 0)) codes[row] = NOT_NEAR;
}
/** Places with such pods are not for this one. */
interface Ban {
  readonly topologyKey: string;
  readonly sort: Sort;
  readonly code: number;
}
function keepOut({ topologyKey, sort, code }: Ban, snapshot: Snapshot, rows: Rows, codes: Uint16Array): void {
  const { of, sums } = inPlaces(topologyKey, sort, snapshot);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (codes[row] === 0 && of[row]! >= 0 && sums[of[row]!]! > 0) codes[row] = code;
  }
}
/** The same, kept: a place opens or closes for all its nodes when its first such pod comes or its last one goes. */
function keptBans(bans: readonly Ban[], snapshot: Snapshot): Filter {
  /** By place, as they were looked at last. */
  const closed = bans.map(() => new Uint8Array(0));
  const versions = bans.map(() => -1);
  let position = -1;
  return {
    key: bans.map(b => `${b.code} ${b.topologyKey} ${b.sort.key}`).join(";"),
    refusals: REFUSALS,
    look() {
      const { rows } = snapshot.changed(position);
      position = snapshot.position;
      let all = rows === snapshot.rows;
      const due = new Set<number>();
      for (const [i, { topologyKey, sort }] of bans.entries()) {
        const { places, sums } = snapshot.tally(topologyKey, sort.key, sort.of);
        if (all || versions[i] !== places.version) {
          all = true;
          versions[i] = places.version;
          closed[i] = Uint8Array.from(sums, n => (n > 0 ? 1 : 0));
          continue;
        }
        for (const row of rows) {
          const place = places.of[row]!;
          const now = place >= 0 && sums[place]! > 0 ? 1 : 0;
          if (place < 0 || closed[i]![place] === now) continue;
          closed[i]![place] = now;
          for (const one of places.rowsIn(snapshot)[place]!) due.add(one);
        }
      }
      return all ? undefined : [...due];
    },
    fill(rows, codes) {
      for (let i = 0; i < rows.length; i++) codes[rows[i]!] = 0;
      for (const [i, { topologyKey, code }] of bans.entries()) {
        const { of } = snapshot.places(topologyKey);
        for (let j = 0; j < rows.length; j++) {
          const row = rows[j]!;
          if (codes[row] === 0 && of[row]! >= 0 && closed[i]![of[row]!] === 1) codes[row] = code;
        }
      }
    },
  };
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
