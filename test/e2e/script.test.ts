/** The shell script `cox`: when it fetches packages, tried with an npm that only writes down that it was called. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

const script = path.join(import.meta.dirname, "../../cox");

/** A checkout in miniature. */
function checkout() {
  const home = mkdtempSync(path.join(tmpdir(), "cox-script-"));
  const program = (file: string, text: string) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  };
  const node =
    "mkdir -p node_modules/node/bin && printf '#!/bin/sh\\necho ran \"$@\"\\n' > node_modules/node/bin/node && chmod +x node_modules/node/bin/node";
  program(`${home}/path/npm`, `echo "$@" >> ${home}/calls\n${node}`);
  program(`${home}/src/cli/main.ts`, "");
  copyFileSync(script, `${home}/cox`);
  chmodSync(`${home}/cox`, 0o755);
  writeFileSync(`${home}/package-lock.json`, "{}\n");
  return {
    home,
    lock: `${home}/package-lock.json`,
    cox: () => spawnSync(`${home}/cox`, ["up"], { encoding: "utf8", env: { ...process.env, PATH: `${home}/path:${process.env.PATH}` } }),
    calls: () => (existsSync(`${home}/calls`) ? readFileSync(`${home}/calls`, "utf8").trim().split("\n") : []),
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  };
}

test("packages are fetched once, and again only when the lock file says something else", () => {
  using c = checkout();
  assert.match(c.cox().stdout, /^ran .*src\/cli\/main\.ts up\n$/);
  assert.deepEqual(c.calls(), ["ci --loglevel=error"]);
  const later = new Date(Date.now() + 60_000);
  utimesSync(c.lock, later, later);
  c.cox();
  assert.equal(c.calls().length, 1, "a newer date alone is no reason");
  writeFileSync(c.lock, '{"changed":true}\n');
  c.cox();
  assert.equal(c.calls().length, 2);
});

test("packages that are a link to another checkout's are never emptied", () => {
  using c = checkout();
  mkdirSync(`${c.home}/elsewhere`);
  symlinkSync(`${c.home}/elsewhere`, `${c.home}/node_modules`);
  const { status, stderr } = c.cox();
  assert.equal(status, 1);
  assert.match(stderr, /node_modules is a link to packages of another lock file/);
  assert.deepEqual(c.calls(), []);
});
