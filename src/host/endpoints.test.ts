import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("a process in which nothing else goes on waits for a call that no member answers, and is told so", () => {
  const program = `
    import { Endpoints } from ${JSON.stringify(import.meta.resolve("#host/endpoints.ts"))};
    import { calls } from ${JSON.stringify(import.meta.resolve("#etcd/calls.ts"))};
    const endpoints = new Endpoints([{ url: "http://127.0.0.1:1" }], {});
    const how = { total: 1000, each: 200, patience: 100, judge: () => "unknown", repeatable: true };
    await endpoints.call(calls.range, { key: "a" }, how).catch(error => console.log(error.name, error.message));
  `;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /ECONNREFUSED/);
});
