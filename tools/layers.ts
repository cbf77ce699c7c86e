/**
 * The house's own lint rule. A room imports only rooms above it; the loops never import each other; node: modules and
 * native packages are host's (and tests'); time, chance and the process are never ambient.
 * Run by `./cox check`; prints each breach and exits with 1.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Rooms from the ground up. Those of one line stand beside each other and do not know one another. */
export const ROOMS: readonly (readonly string[])[] = [
  ["base"],
  ["schema", "bolt"],
  ["kinds"],
  ["store"],
  ["etcd"],
  ["snapshot"],
  ["apiserver"],
  ["client"],
  ["rules"],
  ["controllers", "scheduler", "kubelet", "stages", "proxy", "dns", "gateway", "autoscale", "cloud", "delivery"],
  ["host", "sim", "kubectl"],
  ["cluster"],
  ["scenarios"],
  ["cli", "dashboard"],
];
/** The rooms below may import the machine; in the others it comes in as a parameter. */
const MACHINE_ROOMS = new Set(["host"]);
/** Packages without native code or node: modules, free for every room. */
const PURE_PACKAGES = new Set(["js-yaml", "re2js", "commander"]);
const AMBIENT =
  /(?<![\w.$"'`#])(?:Date\.now\(|new Date\(\)|setTimeout\(|setInterval\(|setImmediate\(|Math\.random\(|performance\.now\(|crypto\.|Buffer\b(?!\s*:)|process\.)/;

export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly says: string;
}

/** All breaches in one file's text; `file` is its path below src/, with slashes. */
export function breaches(file: string, text: string): Breach[] {
  const room = file.split("/")[0] ?? "";
  const level = ROOMS.findIndex(rooms => rooms.includes(room));
  const isTest = /\.test\.ts$/.test(file) || /(^|\/)(case|testing)\.ts$/.test(file);
  const found: Breach[] = [];
  const say = (line: number, says: string) => found.push({ file, line, says });
  if (level < 0) say(1, `no room is called "${room}"`);
  for (const [i, code] of withoutComments(text).split("\n").entries()) {
    const line = i + 1;
    const target = /(?:from|import)\s*\(?\s*"([^"]+)"/.exec(code)?.[1];
    if (target) {
      if (target.startsWith("#")) {
        const other = target.slice(1).split("/")[0] ?? "";
        const theirs = ROOMS.findIndex(rooms => rooms.includes(other));
        if (theirs < 0) say(line, `"${target}" is in no room`);
        else if (!isTest && other !== room && theirs >= level) say(line, `${room} may not import ${other}`);
      } else if (target.startsWith("./")) {
        // Beside it, so in the same room.
      } else if (target.startsWith(".")) {
        // Tests reach for test/support, and `cox check` and `cox test` for tools/: neither is in a room.
        if (!isTest && file !== "cli/tools.ts") say(line, `import "${target}" by its # path`);
      } else if (!isTest && !MACHINE_ROOMS.has(room) && !PURE_PACKAGES.has(target)) {
        say(line, `"${target}" belongs in src/host/, behind a port`);
      }
    }
    const ambient = isTest || MACHINE_ROOMS.has(room) ? null : AMBIENT.exec(withoutStrings(code));
    if (ambient) say(line, `${ambient[0]} is ambient: let it come in as a parameter`);
  }
  return found;
}

/** Comments blanked, lines kept. Good enough for our own formatted code. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, c => c.replace(/[^\n]/g, " ")).replace(/(^|[\s;{}(),])\/\/.*$/gm, "$1");
}
function withoutStrings(code: string): string {
  return code.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, "``");
}

if (import.meta.main) {
  const src = path.join(import.meta.dirname, "..", "src");
  const all = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter(f => f.endsWith(".ts"))
    .flatMap(f => breaches(f.split(path.sep).join("/"), readFileSync(path.join(src, f), "utf8")));
  for (const b of all) console.error(`src/${b.file}:${b.line}: ${b.says}`);
  if (all.length) process.exit(1);
}
