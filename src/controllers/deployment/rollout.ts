/** How fast a deployment moves from its old sets to its new one: rolling, recreating, and scaling in proportion. */

import { byAge, desiredOf, mostOf, type Planned, replicasOf, scaleTo } from "#controllers/deployment/sets.ts";
import type { Deployment } from "#kinds/apps/v1/deployment.ts";

/** A count, or a share of `total` in per cent. */
function scaled(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value ?? "");
  return percent ? round((Number(percent[1]) * total) / 100) : 0;
}
const isRolling = (d: Deployment) => (d.spec.strategy?.type ?? "RollingUpdate") === "RollingUpdate";

/** Pods that may exist above, and be missing below, the wanted number. Shares round up for surge, down for unavailable; both cannot be 0. */
export function fenceposts(d: Deployment): { readonly surge: number; readonly unavailable: number } {
  if (!isRolling(d)) return { surge: 0, unavailable: 0 };
  const { maxSurge = "25%", maxUnavailable = "25%" } = d.spec.strategy?.rollingUpdate ?? {};
  const replicas = replicasOf(d);
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  return { surge, unavailable: replicas === 0 ? 0 : Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

const total = (sets: readonly Planned[]) => sets.reduce((sum, s) => sum + s.replicas, 0);
/** A set that is to be smaller deletes what its status still counts: no more than it asks for stays available. (Upstream counts the status alone.) */
const available = (s: Planned) => Math.min(s.replicas, s.set?.status?.availableReplicas ?? 0);
const oldestFirst = (sets: readonly Planned[]) => [...sets].sort((a, b) => (a.set && b.set ? byAge(a.set, b.set) : a.set ? -1 : 1));

/** How large the new set may be now. */
export function newSetSize(d: Deployment, old: readonly Planned[], fresh: Planned): number {
  const wanted = replicasOf(d);
  if (!isRolling(d)) return wanted;
  const room = wanted + fenceposts(d).surge - total([...old, fresh]);
  return room <= 0 ? fresh.replicas : fresh.replicas + Math.min(room, wanted - fresh.replicas);
}

/** One move of a rolling update: the new set up as far as the surge allows; if it stays, the old ones down as far as availability allows. */
export function roll(d: Deployment, old: readonly Planned[], fresh: Planned): void {
  const { surge, unavailable } = fenceposts(d);
  const wanted = replicasOf(d);
  const before = fresh.replicas;
  if (fresh.replicas > wanted) scaleTo(d, fresh, wanted, surge, `${wanted} replicas are wanted`);
  else if (fresh.replicas < wanted) {
    const because = `the new template is rolled out: ${wanted} replicas are wanted, ${surge} more may exist`;
    scaleTo(d, fresh, newSetSize(d, old, fresh), surge, because);
  }
  if (fresh.replicas !== before || total(old) === 0) return;

  const least = wanted - unavailable;
  const ordered = oldestFirst(old).filter(s => s.replicas > 0);
  let room = total([...old, fresh]) - least - (fresh.replicas - available(fresh));
  if (room <= 0) return;
  for (const s of ordered) {
    const broken = Math.min(room, s.replicas - available(s));
    if (room <= 0 || broken <= 0) continue;
    room -= broken;
    scaleTo(d, s, s.replicas - broken, surge, `${broken} of its pods are not available anyway`);
  }
  let spare = [...old, fresh].reduce((sum, s) => sum + available(s), 0) - least;
  for (const s of ordered) {
    const less = Math.min(s.replicas, spare);
    if (less <= 0) continue;
    spare -= less;
    scaleTo(d, s, s.replicas - less, surge, `the new set takes over, and ${least} pods stay available`);
  }
}

/** Changes the size of a deployment that is paused, or in the middle of a rollout: every set in proportion to what it has. */
export function rescale(d: Deployment, old: readonly Planned[], fresh: Planned | undefined): void {
  const { surge } = fenceposts(d);
  const wanted = replicasOf(d);
  const all = fresh ? [...old, fresh] : [...old];
  const active = all.filter(s => s.replicas > 0);
  const because = `${wanted} replicas are wanted`;
  if (active.length <= 1) {
    const only = active[0] ?? fresh ?? oldestFirst(old).at(-1);
    if (only && only.replicas !== wanted) scaleTo(d, only, wanted, surge, because);
    else if (only && desiredOf(only) !== wanted) scaleTo(d, only, wanted, surge, because);
    return;
  }
  if (fresh && desiredOf(fresh) === wanted && fresh.replicas === wanted && available(fresh) === wanted) {
    for (const s of old) if (s.replicas > 0) scaleTo(d, s, 0, surge, "the new set has all replicas");
    return;
  }
  if (!isRolling(d)) return;
  const allowed = wanted > 0 ? wanted + surge : 0;
  const toAdd = allowed - total(active);
  const bySize = (a: Planned, b: Planned) => b.replicas - a.replicas || (toAdd > 0 ? -1 : 1) * ageOf(a, b);
  active.sort(bySize);
  const sizes = new Map<Planned, number>();
  let added = 0;
  for (const s of active) {
    const share = toAdd === 0 || added === toAdd ? 0 : shareOf(d, s, surge, toAdd - added, toAdd > 0);
    sizes.set(s, s.replicas + share);
    added += share;
  }
  const [largest] = active;
  // rounding leaves some over, which the largest takes
  if (largest && toAdd !== 0) sizes.set(largest, Math.max(0, sizes.get(largest)! + toAdd - added));
  for (const s of active) scaleTo(d, s, sizes.get(s)!, surge, `${because}, in proportion during the rollout`);
}
function ageOf(a: Planned, b: Planned): number {
  return a.set && b.set ? byAge(a.set, b.set) : 0;
}
function shareOf(d: Deployment, s: Planned, surge: number, left: number, up: boolean): number {
  const wanted = replicasOf(d);
  if (wanted === 0) return Math.max(-s.replicas, left);
  const before = mostOf(s) || d.status?.replicas || 1;
  const exact = (s.replicas * (wanted + surge)) / before;
  const share = Math.sign(exact) * Math.round(Math.abs(exact)) - s.replicas;
  return up ? Math.min(share, left) : Math.max(share, left);
}
/** A set was last sized for another number of replicas. */
export function isScaling(d: Deployment, sets: readonly Planned[]): boolean {
  return sets.some(s => s.replicas > 0 && desiredOf(s) !== undefined && desiredOf(s) !== replicasOf(d));
}
