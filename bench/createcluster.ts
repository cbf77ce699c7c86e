/**
 * `node bench/createcluster.ts [processes]`: to the first pod that says Running. Cold: the first time in a process, which has read no module of
 * it, with and without what Node keeps of compiled code (NODE_COMPILE_CACHE); warm: the times after. From the checkout, whose types Node
 * strips as it reads, and from the library as it is packed. Beside Webernetes, on the same story, when `WEBERNETES` names a directory with
 * `@ngrok/webernetes` installed, bundled as its modules are made for bundlers. All in turn, each in processes of its own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { buildLibrary } from "../tools/library.ts";
import { spread, table } from "./support/figures.ts";
import type { Took } from "./support/firstpod.ts";

const processes = Number(process.argv[2] ?? 7);
/** How often the story is told in a process that shows what it takes when it is warm. */
const WARM = 8;
const folder = mkdtempSync(path.join(tmpdir(), "coxswain-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly name: string;
  readonly who: "coxswain" | "webernetes";
  readonly module: string;
  /** Where Node keeps compiled code; undefined: nowhere. */
  readonly kept: string | undefined;
}
function told({ who, module, kept }: Case, times: number): readonly Took[] {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const args = [path.join(import.meta.dirname, "support/firstpod.ts"), who, module, `${times}`];
  const out = execFileSync(process.execPath, args, {
    env: { ...env, ...(kept !== undefined && { NODE_COMPILE_CACHE: kept }) },
    encoding: "utf8",
  });
  return JSON.parse(out) as readonly Took[];
}
async function webernetes(home: string): Promise<string> {
  const { exports } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as { exports: { ".": { import: string } } };
  const outfile = path.join(folder, "webernetes.mjs");
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  const entryPoints = [path.join(home, exports["."].import)];
  await build({ entryPoints, bundle: true, platform: "node", format: "esm", outfile, banner, logLevel: "error" });
  return pathToFileURL(outfile).href;
}

await buildLibrary(path.join(folder, "packed"));
const { WEBERNETES } = process.env;
const modules: [string, Case["who"], string][] = [
  ["coxswain, packed", "coxswain", pathToFileURL(path.join(folder, "packed/index.mjs")).href],
  ["coxswain, checkout", "coxswain", import.meta.resolve("coxswain")],
];
if (WEBERNETES)
  modules.push(["webernetes", "webernetes", await webernetes(path.join(path.resolve(WEBERNETES), "node_modules/@ngrok/webernetes"))]);
const cases = modules.flatMap(([name, who, module], i): Case[] => [
  { name, who, module, kept: undefined },
  { name: `${name}, compiled code kept`, who, module, kept: path.join(folder, `kept-${i}`) },
]);

const cold = new Map<Case, Took[]>(cases.map(one => [one, []]));
// what is kept is there, and so are the files in the system's memory
for (const one of cases) told(one, 1);
for (let i = 0; i < processes; i++) for (const one of cases) cold.get(one)!.push(told(one, 1)[0]!);
const rows = [...cold].map(([one, took]) => {
  const warm =
    one.kept === undefined
      ? spread(
          told(one, WARM)
            .slice(1)
            .map(t => t.ms),
        )
      : "";
  return [one.name, spread(took.map(t => t.ms)), spread(took.map(t => t.modules)), spread(took.map(t => t.cpu)), warm];
});
console.log(`${processes} processes each, in turn; milliseconds, median (least-most)`);
console.log(table([["", "cold", "of it modules", "CPU", "warm"], ...rows]));
