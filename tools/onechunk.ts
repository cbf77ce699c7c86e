/**
 * For bundles with parts that are read when they are wanted. esbuild makes a chunk for each set of parts that share modules: dozens of
 * small files, each of which costs Node or a browser more than its bytes do. With this plugin every part begins by importing the bundle's
 * core, which runs already when a part is wanted: so what the core needs is one chunk, and what is left of the parts a few more.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Plugin } from "esbuild";

/** What a command of the CLI wants is no part of anything else. */
const COMMANDS = `${path.sep}src${path.sep}cli${path.sep}`;

/** `core`: the absolute path of the module that wants the parts. */
export function oneChunk(core: string): Plugin {
  return {
    name: "one-chunk",
    setup(builder) {
      const parts = new Set<string>();
      builder.onResolve({ filter: /^[#.]/ }, async ({ path: wanted, kind, resolveDir, importer, pluginData }) => {
        if (kind !== "dynamic-import" || importer.includes(COMMANDS) || pluginData === parts) return undefined;
        const found = await builder.resolve(wanted, { kind, resolveDir, importer, pluginData: parts });
        parts.add(found.path);
        return found;
      });
      builder.onLoad({ filter: /\.ts$/ }, ({ path: file }) =>
        parts.has(file) ? { loader: "ts", contents: `${readFileSync(file, "utf8")}\nimport ${JSON.stringify(core)};\n` } : undefined,
      );
    },
  };
}
