/**
 * `./cox test [WORD…]`: every test, or those whose path holds one of the words. Unit tests beside their files run first, two files at a
 * time; then what crosses rooms (test/), one file at a time, since those share the machine. Ends with how files ended that failed as a
 * whole, if any did, and "N passed, N failed".
 */
import { globSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ensurePackages, nodePackages, testPackages } from "#host/packages.ts";
import { WholeFiles } from "./wholefiles.ts";

const home = path.join(import.meta.dirname, "..");
const FILE_TIMEOUT_MS = 20 * 60_000;

const counts = { passed: 0, failed: 0, skipped: 0 };
const whole = new WholeFiles();
async function runAll(files: string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files, concurrency, cwd: home, timeout: FILE_TIMEOUT_MS });
  stream.on("test:pass", t => {
    if (t.details.type === "suite") return;
    if (t.skip !== undefined && t.skip !== false) counts.skipped++;
    else counts.passed++;
  });
  stream.on("test:fail", t => {
    if (t.details.type !== "suite") counts.failed++;
  });
  whole.listen(stream);
  const shown = stream.compose(new spec());
  for await (const chunk of shown) process.stdout.write(chunk as string);
}

/** Runs what `words` choose and ends the process. */
export async function test(words: readonly string[]): Promise<never> {
  const chosen = (pattern: string) =>
    globSync(pattern, { cwd: home })
      .filter(f => words.length === 0 || words.some(w => f.includes(w)))
      .sort();
  const packages = await ensurePackages([...nodePackages, ...testPackages], line => console.error(`cox: ${line}`));
  if (!packages.ok) console.error(`cox: ${packages.reason} Tests that need containers are skipped.`);
  await runAll(chosen("{src,tools}/**/*.test.ts"), 2);
  await runAll(chosen("test/**/*.test.ts"), 1);
  for (const file of whole.report) console.log(file);
  const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  process.exit(counts.failed ? 1 : 0);
}
