import type { Key, Store } from "#store/contract.ts";
import { median } from "./figures.ts";

/** Reads `count` ranges of 10,000 keys, none of which is in memory; what the first took, and the others, in milliseconds. */
export async function coldRanges(store: Store, count: number, ends: (n: number) => readonly [Key, Key]): Promise<string> {
  const took: number[] = [];
  const used: number[] = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const { entries } = await store.range(...ends(n));
    const { user, system } = process.cpuUsage(cpu);
    if (entries.length !== 10_000) throw new Error(`${entries.length} entries in a range of 10,000`);
    took.push(performance.now() - start);
    used.push((user + system) / 1000);
  }
  const [first, ...others] = took.map((ms, i) => ({ ms, cpu: used[i]! }));
  return (
    `ranges of 10,000 that are not in memory: the first ${first!.ms.toFixed(0)} ms (${first!.cpu.toFixed(0)} of CPU), then ` +
    `${median(others.map(o => o.ms)).toFixed(1)} (${median(others.map(o => o.cpu)).toFixed(1)}), least ${Math.min(...took).toFixed(1)} (${Math.min(...used).toFixed(1)})`
  );
}
