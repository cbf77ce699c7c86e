import assert from "node:assert/strict";
import test from "node:test";
import { breaches } from "./layers.ts";

const says = (file: string, text: string) => breaches(file, text).map(b => `${b.line}: ${b.says}`);

test("a room imports only the rooms above it", () => {
  assert.deepEqual(says("kinds/x.ts", 'import { a } from "#base/a.ts";'), []);
  assert.deepEqual(says("kinds/x.ts", 'import { a } from "#store/a.ts";'), ["1: kinds may not import store"]);
  assert.deepEqual(says("kubelet/x.ts", 'import { a } from "#proxy/a.ts";'), ["1: kubelet may not import proxy"]);
  assert.deepEqual(says("kubelet/x.test.ts", 'import { a } from "#sim/a.ts";'), []);
});
test("the machine is host's", () => {
  assert.deepEqual(says("dns/x.ts", '\nimport fs from "node:fs";'), ['2: "node:fs" belongs in src/host/, behind a port']);
  assert.deepEqual(says("host/x.ts", 'import fs from "node:fs";\nconst t = Date.now();'), []);
  assert.deepEqual(says("cluster/x.ts", 'await import("lmdb")'), ['1: "lmdb" belongs in src/host/, behind a port']);
});
test("time and chance are parameters, in code but not in comments and strings", () => {
  assert.deepEqual(says("rules/x.ts", "const t = Date.now();"), ["1: Date.now( is ambient: let it come in as a parameter"]);
  assert.deepEqual(says("rules/x.ts", '// Date.now()\nconst s = "setTimeout(";\nclock.setTimeout(1);'), []);
});
