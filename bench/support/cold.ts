import { readdirSync } from "node:fs";
import { hostFiles } from "#host/files.ts";
import type { Entry, Key, Store } from "#store/contract.ts";
import { median } from "./figures.ts";

interface Cost {
  readonly ms: number;
  /** Milliseconds of CPU, of all of the process's threads. */
  readonly cpu: number;
}
async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - start, cpu: (user + system) / 1000 };
}
const told = (costs: readonly Cost[]) =>
  `${median(costs.map(({ ms }) => ms)).toFixed(1)} ms (${median(costs.map(({ cpu }) => cpu)).toFixed(1)} of CPU)`;

/** Reads `count` ranges of 10,000 keys, none of which is in memory, and looks at all that their entries say, as who sends them does. */
export async function coldRanges(store: Store, count: number, ends: (n: number) => readonly [Key, Key]): Promise<string> {
  const costs: Cost[] = [];
  for (let n = 0; n < count; n++)
    costs.push(
      await costOf(async () => {
        const { entries } = await store.range(...ends(n));
        if (entries.length !== 10_000 || !entries.every(isWhole)) throw new Error(`${entries.length} entries in a range of 10,000`);
      }),
    );
  const [first, ...others] = costs;
  return `ranges of 10,000 that are not in memory: the first ${told([first!])}, then ${told(others)}, of them the later half ${told(others.slice(others.length / 2))}`;
}
const isWhole = ({ key, value, createRevision, modRevision, version, lease }: Entry) =>
  key.length > 0 && value.length > 0 && version > 0 && createRevision <= modRevision && lease === 0n;

/** The floor of that: as many bytes of the log in `directory` read into memory, as many at once as a store keeps together. */
export async function readFloor(directory: string, bytes: number): Promise<string> {
  const AT_ONCE = 512 * 1024;
  const kept: Uint8Array[] = [];
  const costs: Cost[] = [];
  for (const name of readdirSync(directory).filter(name => name.endsWith(".log"))) {
    const file = await hostFiles.open(`${directory}/${name}`, false);
    const size = await file.size();
    for (let from = 0; from + bytes + AT_ONCE <= size; from += bytes)
      costs.push(
        await costOf(async () => {
          for (let at = from; at < from + bytes; at += AT_ONCE) kept.push(file.readNow([{ at, length: AT_ONCE }]));
        }),
      );
    await file.close();
  }
  return `to read as many bytes of the log into fresh memory takes ${told(costs)}`;
}
