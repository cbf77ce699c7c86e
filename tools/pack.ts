/**
 * `prepack`: stages what the npm package holds. Node does not run TypeScript inside node_modules, so the sources are bundled: the programs,
 * which share their chunks, and by itself the library. What `cox` runs from a checkout is src/; from the package it is dist/.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { buildLibrary, LIBRARY, packing } from "./library.ts";
import { oneChunk } from "./onechunk.ts";

const home = path.join(import.meta.dirname, "..");
const dist = path.join(home, "dist");
const PROGRAMS = {
  main: "src/cli/main.ts",
  background: "src/cluster/background.ts",
  namesprocess: "src/cluster/namesprocess.ts",
};

/** A bundle has no #paths: the entries of its own processes lie beside it. */
const entriesBeside: Plugin = {
  name: "entries-beside",
  setup(builder) {
    builder.onLoad({ filter: /src[\\/]cl(i|uster)[\\/].*\.ts$/ }, ({ path: file }) => {
      const written = readFileSync(file, "utf8");
      const contents = written.replace(/import\.meta\.resolve\("#cluster\/(\w+)\.ts"\)/g, 'import.meta.resolve("./$1.mjs")');
      return contents === written ? undefined : { loader: "ts", contents };
    });
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await build({ ...packing, outdir: dist, entryPoints: PROGRAMS, plugins: [entriesBeside, oneChunk(path.join(home, "src/cluster/up.ts"))] });
await buildLibrary(dist);
cpSync(path.join(home, "examples"), path.join(dist, "examples"), { recursive: true });
writeFileSync(path.join(dist, "README.txt"), "Made by tools/pack.ts from src/.\n");

declarations();
// The checkout's package.json names sources; what is packed names the bundle. `postpack` (unpack.ts) gives it back.
const manifest = path.join(home, "package.json");
const source = readFileSync(manifest, "utf8");
writeFileSync(path.join(dist, "package.source.json"), source);
const packed = JSON.parse(source) as Record<string, unknown>;
packed.exports = {
  ".": { types: "./dist/types/cluster/index.d.ts", default: "./dist/index.mjs" },
  "./package.json": "./package.json",
};
delete packed.imports;
writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`);

/** The types of what is imported, beside the bundle; their own imports by relative paths, as the package has no #paths. */
function declarations(): void {
  const config = path.join(dist, "tsconfig.json");
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: "../src", outDir: "types" };
  writeFileSync(config, JSON.stringify({ extends: "../tsconfig.json", compilerOptions, include: [], files: [`../${LIBRARY}`] }));
  execFileSync(process.execPath, [path.join(home, "node_modules/typescript/bin/tsc"), "-p", config], { stdio: "inherit" });
  rmSync(config);
  const types = path.join(dist, "types");
  for (const file of readdirSync(types, { recursive: true, encoding: "utf8" }).filter(f => f.endsWith(".d.ts"))) {
    const up = path.relative(path.dirname(file), ".") || ".";
    const text = readFileSync(path.join(types, file), "utf8")
      .replace(/(["'])#([\w/]+)\.ts\1/g, `"${up}/$2.js"`)
      .replace(/(["'])(\.[\w./]+)\.ts\1/g, '"$2.js"');
    writeFileSync(path.join(types, file), text);
  }
}
