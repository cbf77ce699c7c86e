import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const FILES: Readonly<Record<string, string>> = {
  "late.test.mjs":
    'test("one", () => void setTimeout(() => Promise.reject(new Error("nobody waits for this")), 20)); setTimeout(() => {}, 200);',
  "load.test.mjs": 'import "./nothing.mjs"; test("one", () => {});',
  "killed.test.mjs": 'test("one", () => {}); test("two", () => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });',
  "exits.test.mjs": 'test("one", () => { console.error("it has had enough"); process.exit(3); });',
  "fails.test.mjs": 'test("one", () => { throw new Error("a test\'s own failure"); });',
  "passes.test.mjs": 'test("one", () => console.error("all is well"));',
};

test("how a file ended that failed as a whole is told, and what it said; a test's own failure is not that", async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-whole-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(FILES)) await writeFile(path.join(folder, name), `import { test } from "node:test"; ${text}\n`);
  // a run within a test file would be skipped: it gets a process that knows nothing of this one
  const driver = path.join(folder, "driver.mjs");
  await writeFile(
    driver,
    `import { run } from "node:test";
     import { WholeFiles } from ${JSON.stringify(import.meta.resolve("./wholefiles.ts"))};
     const whole = new WholeFiles();
     const stream = run({ files: process.argv.slice(2), concurrency: 1 });
     whole.listen(stream);
     for await (const _ of stream);
     console.log(JSON.stringify(whole.report));`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const files = Object.keys(FILES).map(name => path.join(folder, name));
  const { stdout } = await promisify(execFile)(process.execPath, [driver, ...files], { cwd: folder, env });
  const report = JSON.parse(stdout) as string[];
  const of = (name: string) => report.find(r => r.includes(`${name}:`));
  assert.match(
    of("late.test.mjs") ?? "",
    /its process ended with exit code 1, after \d+ s and 1 tests that passed; it said last:\n.*nobody waits for this/,
  );
  assert.match(
    of("load.test.mjs") ?? "",
    /its process ended with exit code 1, .* and 0 tests that passed; it said last:[\s\S]*Cannot find module/,
  );
  assert.match(of("killed.test.mjs") ?? "", /its process was ended by SIGKILL \(by somebody, or by the kernel/);
  assert.match(of("exits.test.mjs") ?? "", /exit code 3, .*; it said last:\n {2}it has had enough/);
  assert.equal(report.length, 4, report.join("\n"));
});
