/** Pods' control groups by the cgroupfs driver, for version 1 and 2. */
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CgroupConfig, Cgroups } from "#kubelet/ports.ts";
import { cgroupHierarchies, removeCgroup } from "./hierarchies.ts";

type Hierarchy = Awaited<ReturnType<typeof cgroupHierarchies>>[number];
const code = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Shares (2 to 262144) as version 2's weight (1 to 10000), by the line that upstream and the runtimes use. */
export function weightOf(shares: number): number {
  return shares === 0 ? 0 : 1 + Math.floor(((Math.max(2, shares) - 2) * 9999) / 262142);
}
/** What is written for a group, by file; for the controllers that a hierarchy has. */
export function settingsOf(config: CgroupConfig, version: 1 | 2, controllers: readonly string[]): readonly (readonly [string, string])[] {
  const { cpuShares, cpuQuota, cpuPeriod = 100_000, memoryLimit, pidsLimit } = config;
  const out: [string, string][] = [];
  const has = (c: string) => controllers.includes(c);
  if (version === 2) {
    if (has("cpu") && cpuShares) out.push(["cpu.weight", String(weightOf(cpuShares))]);
    if (has("cpu") && cpuQuota) out.push(["cpu.max", `${cpuQuota} ${cpuPeriod}`]);
    if (has("memory") && memoryLimit) out.push(["memory.max", String(memoryLimit)]);
  } else {
    if (has("cpu") && cpuShares) out.push(["cpu.shares", String(cpuShares)]);
    if (has("cpu") && cpuQuota) out.push(["cpu.cfs_period_us", String(cpuPeriod)], ["cpu.cfs_quota_us", String(cpuQuota)]);
    if (has("memory") && memoryLimit) out.push(["memory.limit_in_bytes", String(memoryLimit)]);
  }
  if (has("pids") && pidsLimit) out.push(["pids.max", String(pidsLimit)]);
  return out;
}
/** Controllers that pods' groups are made in; the runtime makes the rest. */
const OURS = ["cpu", "memory", "pids"];

export function hostCgroups(): Cgroups {
  let found: Promise<readonly Hierarchy[]> | undefined;
  const hierarchies = () => {
    found ??= cgroupHierarchies();
    return found;
  };
  return {
    async ensure(name, config) {
      for (const h of await hierarchies()) {
        const own = h.controllers.filter(c => OURS.includes(c));
        if (own.length === 0) continue;
        const at = path.join(h.path, name);
        await mkdir(at, { recursive: true });
        if (h.version === 2) await delegate(h.path, name, own);
        for (const [file, value] of settingsOf(config, h.version, own)) {
          await writeFile(path.join(at, file), value).catch(error => {
            // swap accounting and the like may be off; what a kernel does not have it cannot be told
            if (code(error) !== "ENOENT") throw new Error(`cannot set ${file} of the group ${name}: ${(error as Error).message}`);
          });
        }
      }
    },
    async remove(name) {
      await removeCgroup(name);
      for (const h of await hierarchies()) {
        const left = await readdir(path.join(h.path, name)).catch(() => undefined);
        if (left) await rmdir(path.join(h.path, name));
      }
    },
    async children(name) {
      const all = new Set<string>();
      for (const h of await hierarchies()) {
        const entries = await readdir(path.join(h.path, name), { withFileTypes: true }).catch(() => []);
        for (const e of entries) if (e.isDirectory()) all.add(e.name);
      }
      return [...all];
    },
  };
}
/** Version 2: a group has the controllers that each group above it passes on. */
async function delegate(root: string, name: string, controllers: readonly string[]): Promise<void> {
  const parts = name.split("/").filter(Boolean);
  let at = root;
  for (const part of ["", ...parts.slice(0, -1)]) {
    at = path.join(at, part);
    await writeFile(path.join(at, "cgroup.subtree_control"), controllers.map(c => `+${c}`).join(" "));
  }
}
