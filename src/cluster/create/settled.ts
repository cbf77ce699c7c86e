/** A cluster at rest: no loop has work but heartbeats. */
import { durationOf } from "#base/duration.ts";
import { formatDuration } from "#base/time.ts";
import type { SettleOptions } from "#cluster/create/cluster.ts";
import type { ClusterParts } from "#cluster/create/parts.ts";
import type { Breach } from "#sim/invariants/invariant.ts";

/** Something happened that never must. */
export class InvariantBreach extends Error {
  readonly breach: Breach;
  constructor(breach: Breach) {
    super(`${breach.invariant}: ${breach.says}`);
    this.breach = breach;
  }
}
/** Throws what must never have happened. */
export function check({ checks }: ClusterParts): void {
  const [breach] = checks?.breaches ?? [];
  if (breach) throw new InvariantBreach(breach);
}

/** Moves time on until that is so; rejects, naming who is still busy, when it does not come. */
export async function settled(parts: ClusterParts, how: SettleOptions): Promise<void> {
  const { clock, history, faults, checks } = parts;
  for (const name of Object.keys(how))
    if (name !== "quiet" && name !== "within") throw new Error(`settled: there is no option ${name}; there are quiet, within`);
  const quiet = durationOf("quiet", how.quiet ?? 15_000);
  const within = durationOf("within", how.within ?? 3600_000);
  const end = clock.now() + within;
  let since = clock.now();
  for (;;) {
    // what is due at this very instant is work under way
    while (await clock.step(0));
    const working = parts.busy();
    if (working.length > 0) since = clock.now();
    const calm = Math.max(since, history.lastWork.at, faults?.aftermath ?? 0);
    check(parts);
    if (clock.now() - calm >= quiet) {
      if (!faults?.pending) checks?.quiet();
      return check(parts);
    }
    const last = Math.min(calm + quiet, end);
    if (clock.now() >= end) {
      const why = working.length > 0 ? working.join("; ") : `the last write was: ${history.lastWork.says}`;
      throw new Error(`the cluster did not settle within ${formatDuration(within)}: ${why}`);
    }
    if (!(await clock.step(last - clock.now()))) await clock.advance(last - clock.now());
  }
}
