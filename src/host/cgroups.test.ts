import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { hostCgroups, settingsOf, weightOf } from "./cgroups.ts";
import { cgroupHierarchies } from "./hierarchies.ts";

test("version 1 and version 2 say the same in their own words", () => {
  const config = { cpuShares: 1024, cpuQuota: 50_000, memoryLimit: 1 << 20, pidsLimit: 10 };
  assert.deepEqual(settingsOf(config, 1, ["cpu", "memory"]), [
    ["cpu.shares", "1024"],
    ["cpu.cfs_period_us", "100000"],
    ["cpu.cfs_quota_us", "50000"],
    ["memory.limit_in_bytes", "1048576"],
  ]);
  assert.deepEqual(settingsOf(config, 2, ["cpu", "memory", "pids"]), [
    ["cpu.weight", "39"],
    ["cpu.max", "50000 100000"],
    ["memory.max", "1048576"],
    ["pids.max", "10"],
  ]);
  assert.deepEqual([weightOf(2), weightOf(262_144)], [1, 10_000]);
});

const hierarchies = process.getuid?.() === 0 ? await cgroupHierarchies() : [];
const memory = hierarchies.find(h => h.controllers.includes("memory"));
test("a group is made with its limits and removed", { skip: memory ? false : "needs root and a memory controller" }, async t => {
  const name = `/coxswain-test-${process.pid}/kubepods/burstable/podx`;
  const groups = hostCgroups();
  t.after(() => groups.remove(name.split("/").slice(0, 2).join("/")));
  await groups.ensure(name, { cpuShares: 512, memoryLimit: 64 * 1024 * 1024 });
  const file = memory!.version === 2 ? "memory.max" : "memory.limit_in_bytes";
  assert.equal((await readFile(`${memory!.path}${name}/${file}`, "utf8")).trim(), String(64 * 1024 * 1024));
  assert.deepEqual(await groups.children(name.split("/").slice(0, 4).join("/")), ["podx"]);
  await groups.remove(name);
  assert.deepEqual(await groups.children(name.split("/").slice(0, 4).join("/")), []);
});
