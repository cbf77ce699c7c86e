import type { Selector } from "#base/selector.ts";
import type { TopologySpreadConstraint } from "#kinds/core/v1/affinity.ts";
import { selectorFor } from "#rules/selectors.ts";
import { type Filter, MAX_SCORE, type Plugin, type Rows, refuse, refuseForGood } from "#scheduler/plugin.ts";
import { nodeAffinity } from "#scheduler/plugins/nodeaffinity.ts";
import { taintToleration } from "#scheduler/plugins/tainttoleration.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";

const UNEVEN = "node(s) didn't match pod topology spread constraints";
const REFUSALS = [refuseForGood(`${UNEVEN} (missing required label)`), refuse(UNEVEN)];
const [NO_LABEL, TOO_FULL] = [1, 2];
const HOSTNAME = "kubernetes.io/hostname";

/** A constraint made ready. matchLabelKeys are in its selector: the apiserver writes them there when the pod is created. */
interface Constraint
  extends Pick<TopologySpreadConstraint, "maxSkew" | "topologyKey" | "minDomains" | "nodeTaintsPolicy" | "nodeAffinityPolicy"> {
  readonly selector: Selector;
  /** The same for selectors that select alike. */
  readonly selectorKey: string;
}
/** Upstream's system defaults, for pods of a service or an owner that say nothing themselves. */
const DEFAULTS = [
  { maxSkew: 3, topologyKey: HOSTNAME },
  { maxSkew: 5, topologyKey: "topology.kubernetes.io/zone" },
];

function stated({ pod }: PodInfo, action: "DoNotSchedule" | "ScheduleAnyway"): Constraint[] {
  const chosen = pod.spec.topologySpreadConstraints?.filter(c => c.whenUnsatisfiable === action) ?? [];
  return chosen.map(c => ({ ...c, selector: selectorFor(c.labelSelector), selectorKey: JSON.stringify(c.labelSelector ?? null) }));
}
/** The soft constraints; the defaults do not ask for all their labels on a node. */
function soft(pod: PodInfo): { readonly constraints: readonly Constraint[]; readonly byDefault: boolean } {
  if ((pod.pod.spec.topologySpreadConstraints?.length ?? 0) > 0) return { constraints: stated(pod, "ScheduleAnyway"), byDefault: false };
  const { siblings } = pod;
  if (!siblings || siblings.empty) return { constraints: [], byDefault: true };
  return { constraints: DEFAULTS.map(c => ({ ...c, selector: siblings, selectorKey: `text ${siblings}` })), byDefault: true };
}

/** Which pods the constraint counts, by a key of theirs. */
function sortOf({ selector, selectorKey }: Constraint, { namespace }: PodInfo) {
  const of = (p: PodInfo) => (p.namespace === namespace && !p.leaving && selector.matches(p.labels) ? 1 : 0);
  return { key: `${namespace} ${selectorKey}`, of };
}
/** How many pods on each node the constraint counts. */
function counted(constraint: Constraint, pod: PodInfo, snapshot: Snapshot): Int32Array {
  const { key, of } = sortOf(constraint, pod);
  return snapshot.census(key, of);
}
/**
 * By row, whether the node's pods count: it is in a place of every one of `keys`, and the constraint's policies do not leave it out.
 * Undefined: every node's do that is in a place of the constraint's own.
 */
function included(constraint: Constraint, keys: readonly string[], pod: PodInfo, snapshot: Snapshot): Uint8Array | undefined {
  const refusing = [
    constraint.nodeAffinityPolicy !== "Ignore" ? snapshot.columns.verdicts(nodeAffinity, pod) : undefined,
    constraint.nodeTaintsPolicy === "Honor" ? snapshot.columns.verdicts(taintToleration, pod) : undefined,
  ].filter(v => v !== undefined && v.refused > 0);
  const others = keys.filter(key => key !== constraint.topologyKey);
  if (refusing.length + others.length === 0) return undefined;
  const out = new Uint8Array(snapshot.capacity).fill(1);
  for (const key of others) {
    const { of } = snapshot.places(key);
    for (const row of snapshot.rows) if (of[row]! < 0) out[row] = 0;
  }
  for (const verdicts of refusing) for (const row of snapshot.rows) if (verdicts!.codes[row] !== 0) out[row] = 0;
  return out;
}

/**
 * Spreads pods over places (KEP-895): by demand, the place's pods and this one may exceed the emptiest place's by maxSkew; by wish,
 * emptier places score higher, and places of which there are more count for more.
 */
export const podTopologySpread: Plugin = {
  name: "PodTopologySpread",
  weight: 2,
  filter(pod, snapshot) {
    const constraints = stated(pod, "DoNotSchedule");
    if (constraints.length === 0) return undefined;
    const keys = constraints.map(c => c.topologyKey);
    if (constraints.every(c => included(c, keys, pod, snapshot) === undefined)) return keptFilter(constraints, pod, snapshot);
    return {
      refusals: REFUSALS,
      fill(rows, codes) {
        for (let i = 0; i < rows.length; i++) codes[rows[i]!] = 0;
        for (const constraint of constraints) {
          const { of, count } = snapshot.places(constraint.topologyKey);
          const sums = new Int32Array(count).fill(-1);
          const counting = included(constraint, keys, pod, snapshot);
          addPods(sums, snapshot.rows, of, counted(constraint, pod, snapshot), counting);
          const self = constraint.selector.matches(pod.labels) ? 1 : 0;
          const most = emptiest(sums, constraint.minDomains ?? 1) + constraint.maxSkew - self;
          refuseAbove(most, sums, of, rows, codes);
        }
      },
    };
  },
  compare(pod, snapshot, fittingRows) {
    const { constraints, byDefault } = soft(pod);
    if (constraints.length === 0) return undefined;
    const keys = byDefault ? [] : constraints.map(c => c.topologyKey);
    const fitting = fittingRows();
    const ignored = new Uint8Array(snapshot.capacity);
    for (const key of keys) {
      const { of } = snapshot.places(key);
      for (const row of fitting) if (of[row]! < 0) ignored[row] = 1;
    }
    const scored = fitting.filter(row => ignored[row] === 0);
    return {
      fill(_rows, raw) {
        const sums = new Float64Array(snapshot.capacity);
        for (const constraint of constraints) addShares(constraint, keys, pod, snapshot, scored, sums);
        for (const row of scored) raw[row] = Math.round(sums[row]!);
      },
      normalize(rows, raw, out) {
        let [min, max] = [Number.POSITIVE_INFINITY, 0];
        for (const row of scored) {
          if (raw[row]! < min) min = raw[row]!;
          if (raw[row]! > max) max = raw[row]!;
        }
        for (const row of rows) {
          if (ignored[row] === 1) out[row] = 0;
          else out[row] = max === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (max + min - raw[row]!)) / max);
        }
      },
    };
  },
};

/** Where every node of a place counts (so that all constraints are about the same places): what is refused is kept by place. */
function keptFilter(constraints: readonly Constraint[], pod: PodInfo, snapshot: Snapshot): Filter {
  const [{ topologyKey }] = constraints as [Constraint];
  const selves = constraints.map(c => (c.selector.matches(pod.labels) ? 1 : 0));
  const asked = constraints.map((c, i) => [c.maxSkew, c.minDomains ?? 1, sortOf(c, pod).key, selves[i]]);
  /** By place, as it was looked at last. */
  let full = new Uint8Array(0);
  let version = -1;
  return {
    key: JSON.stringify([topologyKey, asked]),
    refusals: REFUSALS,
    look() {
      const places = snapshot.places(topologyKey);
      const rowsIn = places.rowsIn(snapshot);
      const before = full;
      full = new Uint8Array(places.count);
      for (const [i, constraint] of constraints.entries()) {
        const { key, of } = sortOf(constraint, pod);
        const { sums } = snapshot.tally(topologyKey, key, of);
        let [least, known] = [Number.POSITIVE_INFINITY, 0];
        for (let place = 0; place < sums.length; place++) {
          if (rowsIn[place]!.length === 0) continue;
          known++;
          if (sums[place]! < least) least = sums[place]!;
        }
        const most = (known < (constraint.minDomains ?? 1) ? 0 : least) + constraint.maxSkew - selves[i]!;
        for (let place = 0; place < sums.length; place++) if (sums[place]! > most) full[place] = 1;
      }
      if (version !== places.version) {
        version = places.version;
        return undefined;
      }
      return rowsIn.flatMap((rows, place) => (full[place] === before[place] ? [] : rows));
    },
    fill(rows, codes) {
      const { of } = snapshot.places(topologyKey);
      for (let i = 0; i < rows.length; i++) {
        const place = of[rows[i]!]!;
        codes[rows[i]!] = place < 0 ? NO_LABEL : full[place] === 1 ? TOO_FULL : 0;
      }
    },
  };
}
/** Adds each node's pods to its place, and makes known places (-1: not known) of those that a node that counts is in. */
function addPods(sums: Int32Array, rows: Rows, of: Int32Array, counts: Int32Array, counting: Uint8Array | undefined): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const place = of[row]!;
    if (place < 0 || counting?.[row] === 0) continue;
    sums[place] = Math.max(0, sums[place]!) + counts[row]!;
  }
}
/** A place in which no node counts has no pods that do. */
function refuseAbove(most: number, sums: Int32Array, of: Int32Array, rows: Rows, codes: Uint16Array): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (codes[row] !== 0) continue;
    const place = of[row]!;
    if (place < 0) codes[row] = NO_LABEL;
    else if (Math.max(0, sums[place]!) > most) codes[row] = TOO_FULL;
  }
}
/** The least of the sums; 0 when there are fewer places than `minDomains`. */
function emptiest(sums: Int32Array, minDomains: number): number {
  let least = Number.POSITIVE_INFINITY;
  let places = 0;
  for (const sum of sums) {
    if (sum < 0) continue;
    places++;
    if (sum < least) least = sum;
  }
  return places < minDomains ? 0 : least;
}
/** Adds what each node that is scored gets for one constraint: the more pods in its place, the more. */
function addShares(
  constraint: Constraint,
  keys: readonly string[],
  pod: PodInfo,
  snapshot: Snapshot,
  scored: Rows,
  sums: Float64Array,
): void {
  const { of, count } = snapshot.places(constraint.topologyKey);
  const base = constraint.maxSkew - 1;
  const counts = counted(constraint, pod, snapshot);
  if (constraint.topologyKey === HOSTNAME) {
    const weight = Math.log(scored.length + 2);
    for (const row of scored) if (of[row]! >= 0) sums[row]! += counts[row]! * weight + base;
    return;
  }
  // the last place stands for nodes without the label
  const held = new Int32Array(count + 1).fill(-1);
  const at = (row: number) => (of[row]! < 0 ? count : of[row]!);
  let places = 0;
  for (const row of scored)
    if (held[at(row)]! < 0) {
      held[at(row)] = 0;
      places++;
    }
  const weight = Math.log(places + 2);
  const counting = included(constraint, keys, pod, snapshot);
  for (const row of snapshot.rows) if (counting?.[row] !== 0 && held[at(row)]! >= 0) held[at(row)]! += counts[row]!;
  for (const row of scored) if (of[row]! >= 0) sums[row]! += held[of[row]!]! * weight + base;
}
