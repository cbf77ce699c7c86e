/**
 * The example page as files that any web server can give out: `node tools/browser.ts [directory]` (default dist/browser).
 * Prints the size of the program, as it is and gzipped.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const home = path.join(import.meta.dirname, "..");

/** Bundles examples/browser into `directory`; resolves with the program's sizes in bytes. */
export async function buildPage(directory: string): Promise<{ readonly bytes: number; readonly gzipped: number }> {
  mkdirSync(directory, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: home,
    entryPoints: { main: "examples/browser/main.ts" },
    outdir: directory,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    legalComments: "none",
    logLevel: "warning",
    write: false,
  });
  const [program] = outputFiles;
  if (!program) throw new Error("nothing was built");
  writeFileSync(path.join(directory, "main.js"), program.contents);
  copyFileSync(path.join(home, "examples", "browser", "index.html"), path.join(directory, "index.html"));
  return { bytes: program.contents.length, gzipped: gzipSync(program.contents, { level: 9 }).length };
}

if (import.meta.main) {
  const directory = path.resolve(process.argv[2] ?? path.join(home, "dist", "browser"));
  const { bytes, gzipped } = await buildPage(directory);
  console.log(`${directory}: ${(bytes / 1024).toFixed(0)} KiB, ${(gzipped / 1024).toFixed(0)} KiB gzipped`);
}
