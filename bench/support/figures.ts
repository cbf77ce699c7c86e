/** What processes use, and tables of figures. */
import { readdirSync, readFileSync } from "node:fs";
import { usageOf } from "#host/runfile.ts";

export interface Use {
  /** Bytes: all that it has in memory, and its share of it (pages shared by n count as 1/n each). */
  readonly resident: number;
  readonly proportional: number;
  readonly cpuSeconds: number;
}
/** Undefined: no such process. */
export function useOf(pid: number): Use | undefined {
  const use = usageOf(pid);
  if (!use) return undefined;
  const kibibytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return { resident: use.residentBytes, proportional: Number(kibibytes) * 1024, cpuSeconds: exactCpuOf(pid) ?? use.cpuSeconds };
}
/** By the scheduler's own count: ticks miss what runs for less than one. Undefined where the kernel does not tell. */
function exactCpuOf(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    }
    return nanoseconds / 1e9;
  } catch {
    return undefined;
  }
}
export function sumOf(uses: readonly (Use | undefined)[]): Use {
  const there = uses.filter(u => u !== undefined);
  const total = (of: (u: Use) => number) => there.reduce((sum, u) => sum + of(u), 0);
  return { resident: total(u => u.resident), proportional: total(u => u.proportional), cpuSeconds: total(u => u.cpuSeconds) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
export const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
/** `412 (398-530)` */
export const spread = (values: readonly number[]) =>
  `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`;

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(r => String(r[i] ?? "").length)));
  const line = (row: readonly (string | number)[]) =>
    row.map((cell, i) => (i ? String(cell).padStart(widths[i]!) : String(cell).padEnd(widths[i]!))).join("  ");
  return rows.map(line).join("\n");
}
