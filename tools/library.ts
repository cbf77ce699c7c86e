/** The library, `import "coxswain"`, as the npm package has it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { type BuildOptions, build } from "esbuild";
import { oneChunk } from "./onechunk.ts";

const home = path.join(import.meta.dirname, "..");
export const LIBRARY = "src/cluster/index.ts";
const { dependencies } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as { dependencies: Record<string, string> };

/** How everything in the package is bundled. */
export const packing: BuildOptions = {
  absWorkingDir: home,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node26",
  // names stay, for stack traces; what is left is read a tenth faster
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // The tools of a checkout are not part of the package.
  external: [...Object.keys(dependencies), "../../tools/*"],
  legalComments: "none",
  logLevel: "warning",
};

/** Makes index.mjs and its parts in `outdir`. */
export async function buildLibrary(outdir: string): Promise<void> {
  await build({ ...packing, outdir, entryPoints: { index: LIBRARY }, plugins: [oneChunk(path.join(home, LIBRARY))] });
}
