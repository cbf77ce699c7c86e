/**
 * `prepack`: stages what the npm package holds. Node does not run TypeScript inside node_modules, so the sources are bundled;
 * the three entries share their chunks. What `cox` runs from a checkout is src/; from the package it is dist/.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build, type Plugin } from "esbuild";

const home = path.join(import.meta.dirname, "..");
const dist = path.join(home, "dist");
const entries = { main: "src/cli/main.ts", background: "src/cluster/background.ts", namesprocess: "src/cluster/namesprocess.ts" };

/** A bundle has no #paths: the entries of its own processes lie beside it. */
const entriesBeside: Plugin = {
  name: "entries-beside",
  setup(builder) {
    builder.onLoad({ filter: /src[\\/]cl(i|uster)[\\/].*\.ts$/ }, ({ path: file }) => ({
      loader: "ts",
      contents: readFileSync(file, "utf8").replace(/import\.meta\.resolve\("#cluster\/(\w+)\.ts"\)/g, 'import.meta.resolve("./$1.mjs")'),
    }));
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const { dependencies } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as { dependencies: Record<string, string> };
await build({
  absWorkingDir: home,
  entryPoints: entries,
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node26",
  // The tools of a checkout are not part of the package.
  external: [...Object.keys(dependencies), "../../tools/*"],
  plugins: [entriesBeside],
  legalComments: "none",
  logLevel: "warning",
});
cpSync(path.join(home, "examples"), path.join(dist, "examples"), { recursive: true });
writeFileSync(path.join(dist, "README.txt"), "Made by tools/pack.ts from src/.\n");
