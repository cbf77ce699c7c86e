/** `./cox check`: types, format and lint, the house's layers, unused code. Runs all, then says what failed. */
import { spawnSync } from "node:child_process";
import path from "node:path";

const home = path.join(import.meta.dirname, "..");
const bin = (name: string) => path.join(home, "node_modules", ".bin", name);
const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ["types", bin("tsc"), ["-p", home]],
  ["format and lint", bin("biome"), ["ci", "--error-on-warnings", "."]],
  ["layers", process.execPath, [path.join(home, "tools", "layers.ts")]],
  ["unused code", bin("knip"), []],
];

const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` };
const failed: string[] = [];
for (const [name, command, args] of checks) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { cwd: home, stdio: "inherit", env });
  console.error(`${status === 0 ? "ok    " : "FAILED"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length) process.exit(1);
