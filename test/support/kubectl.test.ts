import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { findKubectls } from "./kubectl.ts";

/** Folders with programs that only tell a version, as kubectl does; an empty version: one that does not run. */
function machine(t: TestContext) {
  const root = mkdtempSync(path.join(tmpdir(), "cox-kubectl-"));
  t.after(() => rmSync(root, { recursive: true }));
  const at = (...parts: string[]) => path.join(root, ...parts);
  const put = (file: string, version: string) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    const says = version ? `echo '${JSON.stringify({ clientVersion: { gitVersion: version } })}'` : "exit 1";
    writeFileSync(at(file), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
  };
  return { at, put };
}
const never = () => assert.fail("nothing is to be installed");

test("every kubectl is found, one a minor version, oldest first, and one that names its version before one that does not", async t => {
  const { at, put } = machine(t);
  put("bin/kubectl.1.33", "v1.33.1");
  put("bin/kubectl.broken", "");
  put("bin/kubectl-plugin", "v1.1.0");
  put("sdk/kubectl", "v1.32.4-dispatcher");
  put("sdk/kubectl.1.32", "v1.32.4");
  put("sdk/kubectl.1.27", "v1.27.9");
  symlinkSync(at("sdk/kubectl"), at("bin/kubectl"));
  const found = await findKubectls([at("bin"), at("none")], never);
  assert.deepEqual(
    found.map(k => [k.version, path.relative(at(), k.program)]),
    [
      ["1.27", "sdk/kubectl.1.27"],
      ["1.32", "sdk/kubectl.1.32"],
      ["1.33", "bin/kubectl.1.33"],
    ],
  );
});

test("where there is none Debian's is installed and taken", async t => {
  const { at, put } = machine(t);
  const asked: string[] = [];
  const found = await findKubectls([at("bin")], async needs => {
    asked.push(...needs.map(n => n.package));
    put("bin/kubectl", "v1.20.5-rc.0.18+c4af4684437b37");
    return { ok: true, installed: ["kubernetes-client"] };
  });
  assert.deepEqual(asked, ["kubernetes-client"]);
  assert.deepEqual(found, [{ program: at("bin/kubectl"), version: "1.20", minor: 20 }]);
});

test("where none can be installed the reason is told", async t => {
  const { at } = machine(t);
  await assert.rejects(
    findKubectls([at("bin")], async () => ({ ok: false, reason: "No package source answers." })),
    /^Error: No package source answers\.$/,
  );
});
