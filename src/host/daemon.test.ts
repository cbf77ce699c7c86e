import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { startDetached } from "#host/daemon.ts";

/** Starts a program of these lines in `directory`; resolves with what it told before it was ready, and its log. */
async function start(directory: string, lines: string[]): Promise<{ told: string[]; log: string }> {
  const file = path.join(directory, "entry.ts");
  writeFileSync(file, [`import { reporter } from "${import.meta.resolve("#host/reporter.ts")}";`, ...lines].join("\n"));
  const told: string[] = [];
  const log = path.join(directory, "log");
  await startDetached(pathToFileURL(file).href, {}, log, line => told.push(line)).catch((error: Error) => told.push(error.message));
  return { told, log: readFileSync(log, "utf8") };
}
function workspace(t: test.TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cox-daemon-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
const SAY = [
  "report?.({ progress: 'stripper ' + process.moduleLoadList.some((m: string) => m.includes('amaro')) });",
  "report?.({ ready: true });",
];

test("a process that had to strip types to read its sources is started again without, and reads later ones ahead", async t => {
  const directory = workspace(t);
  const before = process.env.NODE_COMPILE_CACHE;
  process.env.NODE_COMPILE_CACHE = path.join(directory, "cache");
  t.after(() => {
    if (before === undefined) delete process.env.NODE_COMPILE_CACHE;
    else process.env.NODE_COMPILE_CACHE = before;
  });
  writeFileSync(path.join(directory, "later.ts"), "export const later: number = 1;\n");
  const lines = [
    "const report = await reporter(() => import('./later.ts'));",
    "console.log('a life');",
    "await import('./later.ts');",
    ...SAY,
  ];
  const { told, log } = await start(directory, lines);
  assert.deepEqual(told, ["stripper false"]);
  assert.equal(log, "a life\n", "nothing but reading was done before");
});

test("where nothing is kept of what was stripped, it goes on as it is", async t => {
  const directory = workspace(t);
  const before = process.env.NODE_COMPILE_CACHE;
  delete process.env.NODE_COMPILE_CACHE;
  t.after(() => {
    if (before !== undefined) process.env.NODE_COMPILE_CACHE = before;
  });
  const { told } = await start(directory, ["const report: any = await reporter();", ...SAY]);
  assert.deepEqual(told, ["stripper true"]);
});

test("a start that fails tells its own sentence, and one that ends without a word is told of", async t => {
  const directory = workspace(t);
  const { told } = await start(directory, ["(await reporter())?.({ failed: 'no luck' });"]);
  assert.deepEqual(told, ["no luck"]);
  const mute = await start(directory, ["await reporter();", "process.exit(3);"]);
  assert.match(mute.told[0]!, /^it ended at once \(code 3\); see .*log$/);
});

test("what is told after the start goes nowhere: its descriptor's number is another's by then", async t => {
  const directory = workspace(t);
  const [other, done] = [path.join(directory, "other"), path.join(directory, "done")];
  await start(directory, [
    "import { openSync, writeFileSync } from 'node:fs';",
    "const report: any = await reporter();",
    "report?.({ ready: true });",
    `const descriptor = openSync(${JSON.stringify(other)}, 'w');`,
    "report?.({ progress: 'stopping' });",
    "report?.({ failed: 'too late' });",
    `writeFileSync(${JSON.stringify(done)}, String(descriptor));`,
  ]);
  while (!existsSync(done) || readFileSync(done, "utf8") === "") await new Promise(resolve => setTimeout(resolve, 10));
  assert.equal(readFileSync(done, "utf8"), "3", "the number was given anew");
  assert.equal(readFileSync(other, "utf8"), "");
});
