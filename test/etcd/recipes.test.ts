/** clientv3's own concurrency recipes (recipes/main.go, built by Go from upstream's modules) against `cox etcd`. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { run } from "#host/command.ts";
import { coxEtcd } from "../support/coxetcd.ts";

const SOURCE = path.join(import.meta.dirname, "recipes");

test("clientv3's mutex, election and STM", { timeout: 600_000 }, async t => {
  const go = await run("go", ["version"]);
  if (go.code !== 0) return t.skip("needs Go, to build clientv3's recipes");
  const folder = await mkdtemp(path.join(tmpdir(), "cox-recipes-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = path.join(folder, "recipes");
  const built = await run("go", ["build", "-C", SOURCE, "-buildvcs=false", "-o", program, "."], { timeout: 300_000 });
  if (built.code !== 0 && /dial tcp|lookup|no such host|proxyconnect|connection refused|403|timeout/.test(built.stderr)) {
    return t.skip("upstream's Go modules cannot be had here");
  }
  assert.equal(built.code, 0, built.stderr);
  const { endpoint } = await coxEtcd(t);
  const { code, stdout, stderr } = await run(program, [endpoint], { timeout: 200_000 });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "mutex\nelection\nstm\n");
});
