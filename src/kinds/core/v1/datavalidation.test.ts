import assert from "node:assert/strict";
import test from "node:test";
import { Report } from "#base/fielderror.ts";
import { limits } from "#base/limits.ts";
import { validateConfigMap } from "#kinds/core/v1/datavalidation.ts";

test("a config map's size is that of its texts' UTF-8 and of what its base64 stands for", () => {
  const fits = (data: Record<string, string>, binaryData: Record<string, string> = {}) => {
    const report = new Report();
    validateConfigMap({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data, binaryData }, report);
    return report.ok;
  };
  const most = limits.objectData;
  assert.ok(fits({ a: "x".repeat(most - 10), b: "x".repeat(10) }));
  assert.ok(!fits({ a: "x".repeat(most - 10), b: "x".repeat(11) }));
  assert.ok(fits({ a: "ü".repeat(most / 2) }));
  assert.ok(!fits({ a: "ü".repeat(most / 2), b: "x" }));
  assert.ok(!fits({ a: "€".repeat(Math.ceil(most / 3)) }));
  assert.ok(fits({ a: "x".repeat(most - 3) }, { b: "AAAA" }));
  assert.ok(!fits({ a: "x".repeat(most - 2) }, { b: "AAAA" }));
});
