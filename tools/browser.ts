/**
 * The example page as files that any web server can give out: `node tools/browser.ts [directory]` (default dist/browser).
 * Prints the size of the program, as it is and gzipped, and of its parts that are read when they are wanted.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { oneChunk } from "./onechunk.ts";

const home = path.join(import.meta.dirname, "..");

export interface PageSize {
  readonly bytes: number;
  readonly gzipped: number;
}
/** Bundles examples/browser into `directory`; resolves with the sizes of what the page begins with, and of what it reads later at most. */
export async function buildPage(directory: string): Promise<{ readonly program: PageSize; readonly parts: PageSize }> {
  mkdirSync(directory, { recursive: true });
  const { outputFiles, metafile } = await build({
    absWorkingDir: home,
    entryPoints: { main: "examples/browser/main.ts" },
    outdir: directory,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    plugins: [oneChunk(path.join(home, "src/cluster/create.ts"))],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    write: false,
  });
  const made = new Map(outputFiles.map(file => [path.basename(file.path), file.contents]));
  const importsOf = new Map(Object.entries(metafile.outputs).map(([name, { imports }]) => [path.basename(name), imports]));
  const begun = new Set(["main.js"]);
  for (const name of begun)
    for (const { path: imported, kind } of importsOf.get(name) ?? []) if (kind === "import-statement") begun.add(path.basename(imported));
  for (const [name, contents] of made) writeFileSync(path.join(directory, name), contents);
  copyFileSync(path.join(home, "examples", "browser", "index.html"), path.join(directory, "index.html"));
  const sizeOf = (wanted: (name: string) => boolean): PageSize => {
    const files = [...made].filter(([name]) => wanted(name)).map(([, contents]) => contents);
    const sum = (size: (file: Uint8Array) => number) => files.reduce((all, file) => all + size(file), 0);
    return { bytes: sum(f => f.length), gzipped: sum(f => gzipSync(f, { level: 9 }).length) };
  };
  return { program: sizeOf(name => begun.has(name)), parts: sizeOf(name => !begun.has(name)) };
}

if (import.meta.main) {
  const directory = path.resolve(process.argv[2] ?? path.join(home, "dist", "browser"));
  const { program, parts } = await buildPage(directory);
  const told = ({ bytes, gzipped }: PageSize) => `${(bytes / 1024).toFixed(0)} KiB, ${(gzipped / 1024).toFixed(0)} KiB gzipped`;
  console.log(`${directory}: ${told(program)}; parts that are read when they are wanted: ${told(parts)}`);
}
