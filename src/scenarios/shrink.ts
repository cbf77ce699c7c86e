/** The shortest list of faults with which a seed still fails in the same way: delta debugging (Zeller and Hildebrandt, ddmin). */
import type { Fault } from "#sim/faults/all.ts";

/** `fails` runs with a list of faults. At most `most` runs are tried. */
export async function shrink(
  faults: readonly Fault[],
  fails: (faults: readonly Fault[]) => Promise<boolean>,
  most = 200,
): Promise<readonly Fault[]> {
  let left = most;
  const still = async (some: readonly Fault[]) => left-- > 0 && fails(some);
  if (await still([])) return [];
  let now = faults;
  for (let pieces = 2; now.length > 1 && left > 0; ) {
    const size = Math.ceil(now.length / pieces);
    let smaller: readonly Fault[] | undefined;
    for (let at = 0; at < now.length && !smaller; at += size) {
      const without = [...now.slice(0, at), ...now.slice(at + size)];
      if (without.length > 0 && (await still(without))) smaller = without;
    }
    if (smaller) {
      now = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces = Math.min(now.length, pieces * 2);
  }
  return now;
}
